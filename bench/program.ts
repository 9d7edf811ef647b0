/** Runs our program as users call it, and measures its time and memory. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const watch = new URL('./watch.ts', import.meta.url).href;

export interface Called {
  /** Object that it printed with `--json`. */
  readonly result: Record<string, unknown>;
  /** Seconds from start to exit of the process. */
  readonly seconds: number;
  /** Peak resident memory of the process, in MB. */
  readonly megabytes: number;
  /**
   * Longest garbage collection of any of its threads between two times (`Date.now()`), in ms; 0
   * where all took less than 2 ms.
   */
  longestPause(span: { from: number; to: number }): number;
}

/** Runs `likeness <args> --json` in a process of its own. */
export async function callProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Called> {
  return withTemporaryFolder(async (folder) => {
    const begun = performance.now();
    const lines = await linesOf(process.execPath, ['--import', watch, main, ...args, '--json'], {
      ...process.env,
      ...env,
      LIKENESS_BENCH_WATCH: folder,
    });
    const seconds = (performance.now() - begun) / 1000;
    const megabytes = Number(readFileSync(join(folder, 'peak'), 'utf8')) / 2 ** 20;
    const pauses = pausesIn(join(folder, 'pauses'));
    return {
      ...{ result: JSON.parse(lines.join('\n')), seconds, megabytes },
      longestPause({ from, to }) {
        const within = pauses.filter(
          ({ at, milliseconds }) => at + milliseconds >= from && at <= to,
        );
        return Math.max(0, ...within.map(({ milliseconds }) => milliseconds));
      },
    };
  });
}

function pausesIn(file: string): { at: number; milliseconds: number }[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [at, milliseconds] = line.split(' ').map(Number);
    return { at: at!, milliseconds: milliseconds! };
  });
}

/** Runs a program and returns its standard output; its messages go to ours. */
export async function linesOf(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  const code = await ended;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return lines;
}

/** Creates a temporary folder for the work and removes it afterwards. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
