//! The input of a run: constant current or spikes.

use crate::schedule::Format;

#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Bits of f32 or i32, one for each input.
    Constant(&'a [u32]),
    /// Sorted by (plane, neuron); those of plane p are `neurons[starts[p]..starts[p + 1]]`. A plane is a tick, or, where spikes are
    /// signed, the spikes +1 of a tick, then its spikes −1.
    /// `values`: constant current beside them, as above, which only synchronous networks take; empty: none.
    Events { neurons: &'a [u32], starts: &'a [u32], values: &'a [u32] },
    /// Where times are real: bits of what each spike delivers, 0 to 1; by ascending neuron.
    Values { neurons: &'a [u32], values: &'a [u32] },
}

impl<'a> Input<'a> {
    /// Constant current, if any.
    pub fn current(&self) -> Option<&'a [u32]> {
        match *self {
            Input::Constant(values) => Some(values),
            Input::Events { values, .. } if !values.is_empty() => Some(values),
            _ => None,
        }
    }

    /// Refuses input that does not fit `size`; returns whether no input spikes twice in a tick.
    #[inline(never)]
    pub fn check(&self, size: usize, ticks: usize, format: &Format) -> Result<bool, String> {
        let synchronous = format.window.is_none();
        match *self {
            Input::Events { .. } if format.real() => Err("input spikes: expected the value of each, got none".into()),
            Input::Values { .. } if !format.real() => Err("input spikes: expected no values".into()),
            Input::Values { neurons, values } => {
                if neurons.len() != values.len()
                    || neurons.windows(2).any(|pair| pair[0] > pair[1])
                    || neurons.iter().any(|&neuron| neuron as usize >= size)
                {
                    return Err(format!(
                        "input spikes: expected sorted neurons below {size}, and as many values, got {} and {}",
                        neurons.len(),
                        values.len()
                    ));
                }
                if !values.iter().all(|&bits| (0.0..=1.0).contains(&f32::from_bits(bits)) && bits >> 31 == 0) {
                    return Err("input spikes: expected values of 0 to 1".into());
                }
                Ok(false)
            }
            Input::Constant(values) if values.len() == size => Ok(true),
            Input::Constant(values) => Err(format!("input: expected {size} values, got {}", values.len())),
            Input::Events { values, .. } if !values.is_empty() && (!synchronous || values.len() != size) => {
                let expected = if synchronous { size } else { 0 };
                Err(format!("input: expected {expected} values beside spikes, got {}", values.len()))
            }
            Input::Events { neurons, starts, .. } => distinct(neurons, starts, size, ticks * format.signs),
        }
    }
}

fn distinct(neurons: &[u32], starts: &[u32], size: usize, planes: usize) -> Result<bool, String> {
    if starts.len() != planes + 1
        || starts[0] != 0
        || starts[planes] as usize != neurons.len()
        || starts.windows(2).any(|pair| pair[0] > pair[1])
    {
        return Err(format!("input spikes: expected starts of {planes} planes, ascending from 0 to {}", neurons.len()));
    }
    let mut distinct = true;
    for tick in starts.windows(2) {
        let mut former = None;
        for &neuron in &neurons[tick[0] as usize..tick[1] as usize] {
            if neuron as usize >= size || former > Some(neuron) {
                return Err(format!("input spikes: expected neurons below {size}, sorted in every tick, got {neuron}"));
            }
            distinct &= former != Some(neuron);
            former = Some(neuron);
        }
    }
    Ok(distinct)
}
