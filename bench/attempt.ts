/** Progress and failures of the benchmarks, on stderr. */

/** Writes a line to stderr. */
export const say = (what: string) => process.stderr.write(`${what}\n`);

/** Runs a part of a benchmark and reports a failure, so that the others go on. */
export async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
  say(`${what} …`);
  try {
    await work();
  } catch (error) {
    failed(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Reports a failure and sets the exit code to 1. */
export function failed(message: string): void {
  say(`error: ${message}`);
  process.exitCode = 1;
}
