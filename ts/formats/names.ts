// Finds unused names for nodes.

/**
 * `wanted`, or `wanted_2`, `wanted_3`, … if it is taken.
 * @param numbers remembers where the last search for each name ended, so that thousands of equal names stay fast.
 */
export function freeName(wanted: string, taken: { has(name: string): boolean }, numbers: Map<string, number>): string {
  if (!taken.has(wanted)) return wanted;
  let number = numbers.get(wanted) ?? 2;
  while (taken.has(`${wanted}_${number}`)) number++;
  numbers.set(wanted, number);
  return `${wanted}_${number}`;
}
