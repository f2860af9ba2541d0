// Writes the report of `npm start` as one HTML page.
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const sections = [
  [
    "raster",
    "One digit, phase",
    "Each layer waits for the window of the layer before, then sends each count as 8 weighted spikes, most significant first.",
  ],
  ["raster-rate", "One digit, rate", "All layers tick together; the number of spikes carries the value."],
  [
    "sweep",
    "What precision costs",
    "Both axes of cost are logarithmic. Latency counts all windows up to the decision.",
  ],
  [
    "trace",
    "The neuron, tick by tick",
    "One input of Poisson spikes, two neurons. A spike takes one threshold off; what is above it stays.",
  ],
  [
    "curve-constant",
    "The neuron, constant leak",
    "The simulated firing rate beside the ReLU that the neuron approximates.",
  ],
  [
    "curve-ohmic",
    "The neuron, ohmic leak",
    "Near the smallest current that makes it fire the ohmic neuron is slower than its ReLU.",
  ],
];

/**
 * A page that needs no other file.
 * @param cells rows of the table, the header first.
 * @param plots SVG text by name.
 */
export function reportHtml({ cells, plots, node }) {
  const [header, ...rows] = cells;
  const row = (tag) => (values) => `<tr>${values.map((value) => `<${tag}>${escaped(value)}</${tag}>`).join("")}</tr>`;
  const figures = sections
    .filter(([name]) => name in plots)
    .map(
      ([name, title, text]) =>
        `<section><h2>${escaped(title)}</h2><p>${escaped(text)}</p><figure>${plots[name]}</figure></section>`,
    );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>llif: trained ReLU networks as spiking networks</title>
<style>
  body { font: 16px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; color: #222; max-width: 1080px; margin: 2.5rem auto; padding: 0 1.25rem; }
  h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; } p { max-width: 46rem; margin: .25rem 0 1rem; }
  .table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; }
  th, td { padding: .4rem .45rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #ddd; }
  th { border-bottom: 2px solid #222; font-weight: 600; white-space: normal; vertical-align: bottom; } th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
  figure { margin: 0; overflow-x: auto; } svg { max-width: 100%; height: auto; } small { color: #666; }
  @media print { section { break-inside: avoid; } }
</style>
<h1>Trained ReLU networks as networks of linear leaky integrate-and-fire neurons</h1>
<p>Each model of this package decided MNIST test images twice: as the float ReLU network it is, and as a spiking network mapped from it.
“Disagree” counts images on which the two decide differently; “twin mismatches” counts spike counts and logits that differ from the quantised network (none may).</p>
<div class="table"><table>${row("th")(header)}${rows.map(row("td")).join("")}</table></div>
<p><small>Latency: ticks from the first input to the decision, one image alone. Spikes and synaptic operations: of one image. Times: of all images, on this computer, Node ${escaped(node)}, one thread each, two evaluations at a time.</small></p>
${figures.join("\n")}
</html>
`;
}
