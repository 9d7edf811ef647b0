/** Our program, called as users call it, with the time and the memory that it takes. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const watch = new URL('./watch.ts', import.meta.url).href;

export interface Called {
  /** What it printed with `--json`. */
  readonly result: Record<string, unknown>;
  /** From start to end, start of the process included. */
  readonly seconds: number;
  /** Largest resident memory of the process, in MB. */
  readonly megabytes: number;
  /**
   * Longest pause of any of its threads for garbage collection between two times (`Date.now()`), in
   * ms; 0 where none took 2 ms.
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
        const within = pauses.filter(({ at, milliseconds }) => at + milliseconds >= from && at <= to);
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

/** Lines that a program prints; its messages for people go where ours go. */
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

/** A folder that is removed when the work is done, whatever happens. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
