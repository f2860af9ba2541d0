// Max pools of signed spikes, by definition.
import type { EventList, SignedEvents } from "./events.ts";
import type { Pool, Windows } from "./pool-windows.ts";

/**
 * `phase` with signed digits: the largest digit of the members still alive; members with a smaller one drop out (T12).
 * If a member has more than one spike in a tick, its digit is the sign of their sum.
 */
export function digitMaximum(windows: Windows): Pool {
  const membersOf = membersByOutput(windows);
  const alive = [...membersOf];
  /** Sums of this tick; zeros between ticks. */
  const sums = new Int32Array(windows.members);
  return {
    pass(events, passed) {
      addSigns(events, sums);
      clear(passed);
      for (const output of touched(windows, events)) {
        const digit = Math.max(...alive[output].map((member) => Math.sign(sums[member])));
        alive[output] = alive[output].filter((member) => Math.sign(sums[member]) === digit);
        emit(passed, output, digit);
      }
      for (const member of firing(events)) sums[member] = 0;
    },
    reset() {
      membersOf.forEach((members, output) => (alive[output] = members));
    },
  };
}

/**
 * Counts that may fall, in synchronous networks: keeps its own count at the largest count of its members (T8, T14). What is no multiple of
 * the payload waits for a tick that can send it.
 */
export function largestCount(windows: Windows): Pool {
  const membersOf = membersByOutput(windows);
  const counts = new Int32Array(windows.members);
  const largest = new Int32Array(windows.count);
  /** Outputs whose count is not yet the largest of its members. */
  let behind: readonly number[] = [];
  return {
    pass(events, passed, payload) {
      addSigns(events, counts, payload);
      clear(passed);
      const changed = [...new Set([...behind, ...touched(windows, events)])].sort((a, b) => a - b);
      behind = changed.filter((output) => {
        let most = -Infinity;
        for (const member of membersOf[output]) most = Math.max(most, counts[member]);
        const spikes = Math.trunc((most - largest[output]) / payload);
        emit(passed, output, spikes);
        largest[output] += spikes * payload;
        return largest[output] !== most;
      });
    },
    reset() {
      counts.fill(0);
      largest.fill(0);
      behind = [];
    },
  };
}

function addSigns({ plus, minus }: SignedEvents, values: Int32Array, payload = 1): void {
  for (let index = 0; index < plus.length; index++) values[plus.neurons[index]] += payload;
  for (let index = 0; index < minus.length; index++) values[minus.neurons[index]] -= payload;
}

/** The neurons with an event, each once. */
function firing({ plus, minus }: SignedEvents): Set<number> {
  return new Set([...listed(plus), ...listed(minus)]);
}

function listed(events: EventList): Uint32Array {
  return events.neurons.subarray(0, events.length);
}

/** The outputs with a member that has an event, ascending. */
function touched({ starts, outputs }: Windows, events: SignedEvents): number[] {
  const found = new Set<number>();
  for (const member of firing(events))
    for (let edge = starts[member]; edge < starts[member + 1]; edge++) found.add(outputs[edge]);
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
  for (let member = 0; member < members; member++)
    for (let edge = starts[member]; edge < starts[member + 1]; edge++) lists[outputs[edge]].push(member);
  return lists;
}
