// Every public name of the package.
export { DisposedError, LlifError, type LlifErrorCode } from "./errors.ts";
export { preloadCore, supportsSimd, type WasmSource } from "./engine/load.ts";
export { createSimulator, resolveEngine, type CreateSimulatorOptions, type EngineName } from "./engine/create.ts";
export { pool, type SimulatorPool, type WorkerPoolOptions } from "./parallel/pool.ts";
export { wasmEngine, type WasmEngineOptions } from "./engine/wasm.ts";
export { referenceEngine } from "./engine/reference.ts";
export type {
  BatchOptions,
  Engine,
  RecordOptions,
  Result,
  RunInput,
  RunInputs,
  RunOptions,
  Simulator,
  SimulatorOptions,
  SpikeInput,
  SpikeTrain,
  Statistics,
} from "./engine/engine.ts";
export type {
  Arithmetic,
  Charges,
  Conv2dSynapse,
  DenseSynapse,
  IdentitySynapse,
  LlifNeuron,
  NegativeSide,
  Neuron,
  Population,
  SpikingInput,
  SpikingNetwork,
  SpikingNode,
  SpikingOutput,
  SpikingPool,
  Synapse,
} from "./spiking/network.ts";
export { isLive } from "./spiking/live.ts";
export { randomEdges, type RandomEdges, type RandomEdgesOptions, type RandomWeights } from "./spiking/random-edges.ts";
export { stdp, type Plasticity, type StdpOptions } from "./spiking/plasticity.ts";
export type { SynapticCurrent } from "./spiking/neurons/llif.ts";
export type { SparseRows, SparseSynapse } from "./spiking/synapses/sparse.ts";
export type { Code } from "./spiking/code.ts";
export type { CodeOptions } from "./spiking/code-options.ts";
export type { CodeName, ScheduleName, SpikeKind, SpikeSign } from "./spiking/codes/rules.ts";
export {
  population,
  spikingNetwork,
  SpikingNetworkBuilder,
} from "./spiking/builder.ts";
export type { DenseWeights } from "./spiking/dense-weights.ts";
export type {
  ConnectOptions,
  Conv2dLayerOptions,
  DenseLayerOptions,
  FreePopulationOptions,
  OutputOptions,
  PoolLayerOptions,
  SpikingNetworkOptions,
} from "./spiking/layer-options.ts";
export type {
  ClampedRefractory,
  Leak,
  Refractory,
  RefractorySeconds,
  Reset,
  ResetKind,
  Threshold,
  UniformRefractory,
} from "./spiking/neurons/llif-options.ts";
export type { AdaptationOptions, CurrentOptions } from "./spiking/neurons/llif-live-options.ts";
export type { Decay } from "./spiking/neurons/decay.ts";
export type { Edges } from "./spiking/synapses/edges.ts";
export type { NeuronOptions } from "./spiking/neurons/models.ts";
export type { PerNeuron } from "./spiking/neurons/rows.ts";
export { checkSpikingNetwork } from "./spiking/check.ts";
export {
  biologicalNeuron,
  synapticCharge,
  synapticCurrent,
  type BiologicalCharges,
  type BiologicalNeuron,
} from "./spiking/neuron.ts";
export { encodeConstant, encodePoisson, encodeRegular, type EncodedSpikes } from "./encode/encode.ts";
export { encodings, inputEncoder, type Encoding, type EncodingChoice, type InputEncoder } from "./analyze/encoding.ts";
export { encodePhase, type PhaseDigits } from "./encode/phase.ts";
export { encodeTtfs, encodeTtfsTimes } from "./encode/ttfs.ts";
export { pcg32 } from "./random.ts";
export {
  amplification,
  countErrorBounds,
  countUnderConstantDrive,
  discardingDrive,
  equivalentLeakCharge,
  hardResetCount,
  hardResetRate,
  ohmicHardResetTicks,
  ohmicPredistortion,
  ohmicRate,
  ohmicReluRate,
  ohmicTickBound,
  ohmicTickRate,
  refractoryOhmicRate,
  refractoryRate,
  reluRate,
} from "./mapping/equations.ts";
export { followedActivations, toSpiking, type ToSpikingOptions } from "./mapping/to-spiking.ts";
export { biologicalParameters, type BiologicalParameters } from "./mapping/biological.ts";
export { chooseBits, type BitsChoice, type BitsTrial, type ChooseBitsOptions } from "./mapping/choose-bits.ts";
export { formatSummary, summarize, type LayerSummary, type NetworkSummary } from "./mapping/summary.ts";
export type { LivePopulationSummary, LiveSummary, LiveSynapseSummary } from "./mapping/live-summary.ts";
export { clippingOf, type LayerClipping } from "./mapping/clipping.ts";
export { toRelu } from "./mapping/to-relu.ts";
export { quantizedTwin, type QuantizedTwin, type TwinOutcome } from "./mapping/twin.ts";
export type { TwinOptions } from "./spiking/twin-ticks.ts";
export type {
  ActivationMaxima,
  ActivationPass,
  CalibrationImages,
  FollowedActivations,
  ScaleMethod,
} from "./mapping/scales.ts";
export { readLlif, writeLlif } from "./formats/llif.ts";
export { firingRateCurve, type CurveOptions, type CurvePoint, type FiringRateCurve } from "./analyze/curve.ts";
export type { ReadBudget } from "./budget.ts";
export { formatShape, sizeOf, type Shape, type Tensor } from "./tensor.ts";
export type { SpikeMeaning } from "./spiking/meaning.ts";
export { sampleOf, samplesOf, type PlainSample, type SampleValues, type ShapedSamples } from "./samples.ts";
export {
  defaultConvention,
  inputOf,
  type AddNode,
  type AffineNode,
  type AveragePoolNode,
  type ConcatNode,
  type Conv2dNode,
  type ConvTranspose2dNode,
  type DenseNode,
  type InputConvention,
  type InputNode,
  type MaxPoolNode,
  type PadNode,
  type Padding,
  type ReluActivationNode,
  type ReluNetwork,
  type ReluNode,
  type ReshapeNode,
  type SoftmaxNode,
  type Window2d,
} from "./relu/network.ts";
export { reluNetwork, ReluNetworkBuilder } from "./relu/builder.ts";
export type {
  BatchNormOptions,
  Conv2dOptions,
  PaddingOption,
  Pair,
  PoolOptions,
  ReluNetworkOptions,
} from "./relu/builder-options.ts";
export { checkReluNetwork } from "./relu/check.ts";
export { argmax, forward, forwardLogits, inputFromPixels } from "./relu/forward.ts";
export { latencyTicks, outputsOf, populationsOf } from "./spiking/network.ts";
export { createFloatPass, type FloatPass, type FloatPassOptions, type FloatResult } from "./engine/passes/float.ts";
export {
  createTwinPass,
  type TwinDigest,
  type TwinPass,
  type TwinPassOptions,
  type TwinResult,
} from "./engine/passes/twin.ts";
export { loadModel, type LoadModelOptions, type ModelSource } from "./formats/load-model.ts";
export { parseDescription, type ModelDescription } from "./formats/description.ts";
export { readStateDict, type StateDict } from "./formats/pytorch/state-dict.ts";
export type { ReadBeside } from "./formats/beside.ts";
export { detectFormat, readModel } from "./formats/detect.ts";
export type { Model, ModelFormat } from "./formats/registry.ts";
export { contentHash, imageDataset, sample, slice, type ImageDataset, type Split } from "./data/dataset.ts";
export { readIdx, writeIdx, type IdxArray } from "./data/idx.ts";
export { datasetFromIdx, fashionMnistClasses, mnistClasses } from "./data/mnist.ts";
export { readNpy, readNpz, writeNpy, writeNpz, type NpyArray, type NpyData } from "./data/npy.ts";
export { prepareDataset, prepareImage, type PixelConvention } from "./data/prepare.ts";
export { evaluate, type EvaluateOptions } from "./analyze/evaluate.ts";
export type { Contenders, ForwardPass, TwinCounter } from "./analyze/contenders.ts";
export type { Certificates } from "./analyze/contenders.ts";
export { mergeEvaluations, type Evaluation } from "./analyze/evaluation.ts";
export {
  certificateReport,
  reportEvaluation,
  type CertificateReport,
  type EvaluationReport,
  type ReportContext,
} from "./analyze/evaluation-report.ts";
export type { TickReads, TickReport } from "./analyze/per-tick.ts";
export { clopperPearsonInterval, mcnemarExact, wilsonInterval, type Interval } from "./analyze/statistics.ts";
export { correspondences, decodeActivations, wholeNodes, type Correspondence } from "./mapping/activations.ts";
export { earlyExit, type EarlyExit, type TickState } from "./mapping/early-exit.ts";
export { earlyRecording, runUntilDecided, type EarlyRun } from "./analyze/early-run.ts";
export { measureMargins, type DecisionMargins, type MeasureMarginsOptions } from "./analyze/margins.ts";
export { createCertifier, type Certifier } from "./mapping/certificate.ts";
export type { LinearPass } from "./mapping/enclosure.ts";
export { lastWindow, type EarlyDecision, type LastWindow } from "./mapping/last-window.ts";
export { activityMeter, type ActivityMeter, type ActivitySums } from "./analyze/activity.ts";
export {
  energyReport,
  horowitz45nm,
  type EnergyPreset,
  type EnergyReport,
  type NetworkActivity,
} from "./analyze/energy.ts";
export { createDiagnoser, type Diagnoser, type LayerDiagnosis } from "./analyze/diagnose.ts";
export { adviceOf, type Advice } from "./analyze/advice.ts";
export {
  planSweep,
  sweep,
  type Sweep,
  type SweepPoint,
  type SweepSetting,
  type SweepSkip,
  type SweepTask,
} from "./analyze/sweep.ts";
export { readLearner, writeLearner } from "./learn/file.ts";
export { freeze, type FreezeOptions } from "./learn/freeze.ts";
export type { LearnerImages } from "./learn/images.ts";
export {
  createLearner,
  type Learner,
  type LearnerOptions,
  type LearnOptions,
  type LearnResult,
  type ResumeOptions,
  type Winners,
} from "./learn/learner.ts";
export {
  labelNeurons,
  labelReadout,
  trainReadout,
  withReadout,
  type Readout,
  type ReadoutOptions,
} from "./learn/readout.ts";
export type { PairOptions, PairRule } from "./learn/pair.ts";
export type { LearnerState, PairState, WinnerState } from "./learn/state.ts";
export type { WinnerOptions, WinnerRule } from "./learn/winner.ts";
export type { BackgroundOptions, LiveControls } from "./engine/live-controls.ts";
export { readState, writeState } from "./formats/live-state.ts";
export type { BackgroundSource, LiveState, PopulationState, RecentSpikes, SynapseState } from "./spiking/live-state.ts";
