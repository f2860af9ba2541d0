// The page: a frame of ticks for each frame of the display, a raster that moves to the left, and a slider for the drive.
import { driveOf, frameTicks, makeModel } from "./model.js";
import { createPlain } from "./plain.js";
import { createLlif } from "./with-llif.js";

const element = (id) => document.getElementById(id);
const [slider, engine, canvas, status] = ["drive", "engine", "raster", "status"].map(element);
const context = canvas.getContext("2d");
const model = makeModel();
const create = { plain: createPlain, llif: createLlif };
const columns = 4;

let simulator;
async function start() {
  const next = await create[engine.value](model);
  simulator?.dispose();
  simulator = next;
  simulator.drive(driveOf(model, Number(slider.value)));
}

function draw({ ticks, neurons }) {
  const { width, height } = canvas;
  context.drawImage(canvas, -columns, 0);
  context.fillStyle = "white";
  context.fillRect(width - columns, 0, columns, height);
  for (let spike = 0; spike < ticks.length; spike++) {
    context.fillStyle = neurons[spike] < model.excitatory ? "#1f5f8b" : "#c8502b";
    const column = Math.floor((columns * ticks[spike]) / frameTicks);
    context.fillRect(width - columns + column, (height * neurons[spike]) / model.neurons, 1, 1);
  }
}

/** Of one simulator: milliseconds of a frame and mean rate, averaged over the last frames. */
let [milliseconds, rateHz] = [0, 0];
function frame() {
  const start = performance.now();
  const spikes = simulator.run(frameTicks);
  milliseconds += (performance.now() - start - milliseconds) / 16;
  rateHz += (spikes.ticks.length / model.neurons / (frameTicks * 1e-4) - rateHz) / 16;
  draw(spikes);
  status.value = `${rateHz.toFixed(1)} Hz, ${milliseconds.toFixed(2)} ms for a frame of ${(frameTicks / 10).toFixed(1)} ms`;
  requestAnimationFrame(frame);
}

/** Runs both from rest while the slider moves, and compares every spike. */
async function compare() {
  const both = [createPlain(model), await createLlif(model)];
  const times = [0, 0];
  let [spikes, equal] = [0, true];
  for (let frame = 0; frame < 40; frame++) {
    const charges = driveOf(model, (Number(slider.value) + frame) % 33);
    const [one, other] = both.map((each, index) => {
      const start = performance.now();
      each.drive(charges);
      const train = each.run(frameTicks);
      times[index] += performance.now() - start;
      return train;
    });
    const same = (a, b) => a.length === b.length && a.every((value, index) => value === b[index]);
    equal &&= same(one.ticks, Array.from(other.ticks)) && same(one.neurons, Array.from(other.neurons));
    spikes += one.ticks.length;
  }
  for (const each of both) each.dispose();
  const [plain, llif] = times.map((time) => (time / 40).toFixed(2));
  element("comparison").value =
    `${spikes} spikes, ${equal ? "equal" : "NOT equal"}; plain ${plain} ms a frame, llif ${llif} ms: ${(times[0] / times[1]).toFixed(1)} times as fast`;
}

slider.addEventListener("input", () => simulator.drive(driveOf(model, Number(slider.value))));
engine.addEventListener("change", start);
element("compare").addEventListener("click", compare);
context.fillStyle = "white";
context.fillRect(0, 0, canvas.width, canvas.height);
await start();
requestAnimationFrame(frame);
