"""A layer of integrate-and-fire neurons in each peer: charges [ticks, samples, …] in, spikes out. Soft reset, constant leak, but for Norse."""

from collections.abc import Callable

import torch

Layer = Callable[[torch.Tensor], torch.Tensor]


def spikingjelly(threshold: float, initial: float) -> Layer:
    from spikingjelly.activation_based import functional, neuron

    node = neuron.IFNode(v_threshold=threshold, v_reset=None, step_mode="m").eval()

    def run(charges: torch.Tensor) -> torch.Tensor:
        functional.reset_net(node)
        node.v = initial
        return node(charges)

    return run


def snntorch(threshold: float, initial: float) -> Layer:
    import snntorch

    node = snntorch.Leaky(beta=1.0, threshold=threshold, reset_mechanism="subtract").eval()

    def run(charges: torch.Tensor) -> torch.Tensor:
        potential = torch.full_like(charges[0], initial)
        spikes = torch.empty_like(charges)
        for tick in range(len(charges)):
            spikes[tick], potential = node(charges[tick], potential)
        return spikes

    return run


def norse(threshold: float, initial: float) -> Layer:
    """Norse's integrate-and-fire neuron resets to a value, hard."""
    from norse.torch.functional.iaf import IAFFeedForwardState, IAFParameters, iaf_feed_forward_step

    parameters = IAFParameters(v_th=torch.as_tensor(threshold), v_reset=torch.as_tensor(0.0))

    def run(charges: torch.Tensor) -> torch.Tensor:
        state = IAFFeedForwardState(torch.full_like(charges[0], initial))
        spikes = torch.empty_like(charges)
        for tick in range(len(charges)):
            spikes[tick], state = iaf_feed_forward_step(charges[tick], state, parameters)
        return spikes

    return run


def sinabs(threshold: float, initial: float) -> Layer:
    from sinabs.activation import SingleSpike
    from sinabs.layers import IAF

    node = IAF(spike_threshold=torch.tensor(threshold), spike_fn=SingleSpike, min_v_mem=None).eval()

    def run(charges: torch.Tensor) -> torch.Tensor:
        # sinabs takes [samples, ticks, …].
        charges = charges.transpose(0, 1)
        node.reset_states()
        node.init_state_with_shape((len(charges), *charges.shape[2:]))
        node.v_mem = torch.full_like(charges[:, 0], initial)
        return node(charges).transpose(0, 1)

    return run


LAYERS = {"spikingjelly": spikingjelly, "snntorch": snntorch, "norse": norse, "sinabs": sinabs}
