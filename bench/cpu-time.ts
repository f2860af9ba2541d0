// Time that this process has spent on a processor, which other programs on the machine lengthen less than the time of day.

/** Milliseconds of this process, all its threads together, since it started. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
