// Time that this process has spent on a processor, which other programs on the machine lengthen less than the time of day.

/** Milliseconds of this process, all its threads together, since it started. */
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** `time` of a contender that does its work in this process. */
export const cpuTimeOf =
  (work: () => unknown) =>
  (repetitions: number): number => {
    const start = cpuMilliseconds();
    for (let repetition = 0; repetition < repetitions; repetition++) work();
    return cpuMilliseconds() - start;
  };
