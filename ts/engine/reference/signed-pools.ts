import type { EventList, SignedEvents } from "./events.ts";
import type { Pool, Windows } from "./pools.ts";

/** `phase` with signed digits: the largest digit of the members still alive; members with a smaller one drop out (T12). */
export function digitMaximum(windows: Windows): Pool {
  const membersOf = membersByOutput(windows);
  const shown = new Int32Array(windows.members);
  const largest = new Int32Array(windows.count);
  /** Of this tick; zeros between ticks. */
  const digits = new Int8Array(windows.members);
  return {
    pass(events, passed, payload) {
      addSigns(events, digits);
      clear(passed);
      for (const output of touched(windows, events)) {
        let digit = -1;
        for (const member of membersOf[output]) if (shown[member] === largest[output] && digits[member] > digit) digit = digits[member];
        emit(passed, output, digit);
      }
      for (const member of firing(events)) {
        shown[member] += digits[member] * payload;
        digits[member] = 0;
      }
      for (let index = 0; index < passed.plus.length; index++) largest[passed.plus.neurons[index]] += payload;
      for (let index = 0; index < passed.minus.length; index++) largest[passed.minus.neurons[index]] -= payload;
    },
    reset() {
      shown.fill(0);
      largest.fill(0);
    },
  };
}

/** Synchronous `rate` with signed spikes: keeps its own count at the largest count of its members, which may fall (T8). */
export function largestCount(windows: Windows): Pool {
  const membersOf = membersByOutput(windows);
  const counts = new Int32Array(windows.members);
  const largest = new Int32Array(windows.count);
  return {
    pass(events, passed) {
      addSigns(events, counts);
      clear(passed);
      for (const output of touched(windows, events)) {
        let most = -Infinity;
        for (const member of membersOf[output]) most = Math.max(most, counts[member]);
        emit(passed, output, most - largest[output]);
        largest[output] = most;
      }
    },
    reset() {
      counts.fill(0);
      largest.fill(0);
    },
  };
}

function addSigns({ plus, minus }: SignedEvents, values: Int8Array | Int32Array): void {
  for (let index = 0; index < plus.length; index++) values[plus.neurons[index]]++;
  for (let index = 0; index < minus.length; index++) values[minus.neurons[index]]--;
}

/** Each neuron with an event, once. */
function firing({ plus, minus }: SignedEvents): Set<number> {
  return new Set([...listed(plus), ...listed(minus)]);
}

function listed(events: EventList): Uint32Array {
  return events.neurons.subarray(0, events.length);
}

/** Outputs that have a member with an event, ascending. */
function touched({ starts, outputs }: Windows, events: SignedEvents): number[] {
  const found = new Set<number>();
  for (const member of firing(events)) for (let edge = starts[member]; edge < starts[member + 1]; edge++) found.add(outputs[edge]);
  return [...found].sort((a, b) => a - b);
}

function emit(passed: SignedEvents, output: number, change: number): void {
  for (let spike = 0; spike < Math.abs(change); spike++) (change > 0 ? passed.plus : passed.minus).push(output);
}

function clear(events: SignedEvents): void {
  events.plus.length = 0;
  events.minus.length = 0;
}

function membersByOutput({ starts, outputs, members, count }: Windows): number[][] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (let member = 0; member < members; member++) for (let edge = starts[member]; edge < starts[member + 1]; edge++) lists[outputs[edge]].push(member);
  return lists;
}
