/** A limit on the work in progress, measured by weight instead of count. */

export interface Budget {
  /**
   * Runs `work` as soon as its weight fits beside the work in progress, in the order of the calls.
   *
   * Work heavier than the whole budget runs alone.
   */
  run<T>(weight: number, work: () => Promise<T>): Promise<T>;
}

/** Creates a budget of `total` units, above 0. */
export function createBudget(total: number): Budget {
  const queue: { weight: number; start: () => void }[] = [];
  let used = 0;

  function startNext(): void {
    while (queue.length > 0 && used + queue[0]!.weight <= total) {
      const { weight, start } = queue.shift()!;
      used += weight;
      start();
    }
  }
  return {
    async run(weight, work) {
      const counted = Math.min(weight, total);
      await new Promise<void>((start) => {
        queue.push({ weight: counted, start });
        startNext();
      });
      try {
        return await work();
      } finally {
        used -= counted;
        startNext();
      }
    },
  };
}
