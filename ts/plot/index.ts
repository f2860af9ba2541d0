// The package's subpath "llif/plot".
export { curvePlot } from "./curve.ts";
export type { CurvePoint } from "../analyze/curve.ts";
export { diagnosisPlot, type DiagnosisPlotLayer } from "./diagnose.ts";
export { ratePlot, type RateOptions, type RateTrain } from "./rate.ts";
export { rasterPlot, type RasterOptions, type RasterTrain } from "./raster.ts";
export { sweepPlot, type SweepCost, type SweepPlotOptions, type SweepPlotPoint } from "./sweep.ts";
export { tracePlot, type Trace } from "./trace.ts";
export type { PlotTitle } from "./svg.ts";
export type { TickLength } from "./time.ts";
export { weightsPlot, type LearntWeights } from "./weights.ts";
