/** The command line within this process. For tests only. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runCommandLine } from '../src/cli/program.ts';
import type { Ended, Workplace } from './likeness.cases.ts';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

/**
 * Runs `likeness` with these arguments in the folder of a workplace, without a process, which takes
 * a second or two to start. For tests of results; one call at a time.
 */
export async function runHere({ path }: Workplace, ...args: string[]): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk, ...rest: unknown[]) => {
      text[stream] += chunk;
      for (const done of rest) if (typeof done === 'function') done();
      return true;
    }),
  );
  const before = { folder: process.cwd(), argv: process.argv };
  vi.stubEnv('LIKENESS_CACHE', join(path, 'cache'));
  process.chdir(path);
  // Printed commands open with the file that was started.
  process.argv = [process.execPath, main, ...args];
  try {
    const code = await runCommandLine(args);
    return { code, signal: null, ...text };
  } finally {
    process.chdir(before.folder);
    process.argv = before.argv;
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
