/** The command line as a person runs it: a process of its own. For tests only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { randomAt } from '../src/core/random.ts';

const main = resolve(dirname(fileURLToPath(import.meta.url)), '../src/cli/main.ts');

/** Environment of processes that share their compiled code, which halves the time of a start. */
export const sharedCode = { NODE_COMPILE_CACHE: join(tmpdir(), 'likeness-compile-cache') };

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  process: ChildProcess;
  /** Settles when the process has ended; never rejects. */
  ended: Promise<Ended>;
}

export interface Workplace {
  /** A folder for the test's files. */
  readonly path: string;
  /** Starts `likeness` with these arguments. */
  start(...args: string[]): Started;
  /** Starts it as in a terminal, where the progress line is drawn ten times a second. */
  startShown(...args: string[]): Started;
  /** Starts it with options of Node and further variables of the environment. */
  startWith(
    node: { options: readonly string[]; env?: Record<string, string> },
    ...args: readonly string[]
  ): Started;
  /** Runs `likeness` to its end. */
  run(...args: string[]): Promise<Ended>;
  /**
   * The same where no file can grow beyond `blocks` of 512 or 1,024 bytes, in place of a full disk.
   */
  limited(blocks: number, ...args: string[]): Promise<Ended>;
  remove(): void;
}

/**
 * A temporary folder with a cache of its own, so that tests neither see nor leave anything
 * elsewhere.
 */
export function openWorkplace(): Workplace {
  const path = mkdtempSync(join(tmpdir(), 'likeness-cli-'));
  function spawned(
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Started {
    const child = spawn(command, args, {
      cwd: path,
      env: {
        ...{ ...process.env, ...sharedCode, LIKENESS_CACHE: join(path, 'cache'), NO_COLOR: '1' },
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      text.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text.stderr += chunk;
    });
    const ended = new Promise<Ended>((settle) => {
      child.on('close', (code, signal) => settle({ code, signal, ...text }));
    });
    return { process: child, ended };
  }
  const asTerminal = 'data:text/javascript,process.stderr.isTTY=true;process.stderr.columns=200';
  const start = (...args: string[]) => spawned(process.execPath, [main, ...args]);
  return {
    path,
    start,
    startShown: (...args) => spawned(process.execPath, ['--import', asTerminal, main, ...args]),
    startWith: ({ options, env }, ...args) =>
      spawned(process.execPath, [...options, main, ...args], env),
    run: (...args) => start(...args).ended,
    limited: (blocks, ...args) =>
      spawned('sh', ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, main, ...args])
        .ended,
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Names of the three kinds of {@link writeTextures}. */
export const textureKinds = ['across', 'down', 'spots'] as const;

/**
 * Writes `count` small PNGs of three kinds (stripes across, stripes down, spots) in random colors.
 *
 * @param folders folders in `folder`, over which the images go in turn; without them all lie in it
 */
export async function writeTextures(
  folder: string,
  count: number,
  folders: readonly string[] = [''],
): Promise<void> {
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true });
  const SIDE = 20;
  for (let i = 0; i < count; i++) {
    const random = randomAt(1, 'synthetic', i);
    const [ink, paper] = [0, 1].map(() => [0, 1, 2].map(() => random.integer(256)));
    const period = 3 + random.integer(4);
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % SIDE, Math.floor(at / 3 / SIDE)];
      const on = [x % period < 2, y % period < 2, (x % period) + (y % period) < 3][i % 3];
      return (on ? ink : paper)![at % 3]!;
    });
    const own = folders[i % folders.length]!;
    const file = join(folder, own, `${String(i).padStart(4, '0')}.png`);
    await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(file);
  }
}
