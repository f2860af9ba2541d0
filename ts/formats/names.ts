// Names that are not taken yet.

/**
 * `wanted`, or `wanted_2`, `wanted_3`, … where that is taken.
 * @param numbers where the last search ended, for each wanted name: thousands of equal names would otherwise take a search each.
 */
export function freeName(wanted: string, taken: { has(name: string): boolean }, numbers: Map<string, number>): string {
  if (!taken.has(wanted)) return wanted;
  let number = numbers.get(wanted) ?? 2;
  while (taken.has(`${wanted}_${number}`)) number++;
  numbers.set(wanted, number);
  return `${wanted}_${number}`;
}
