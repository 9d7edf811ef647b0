/**
 * Kills its process before the n-th change of a file, or in the middle of it where it is a write.
 * Loaded with `--import`; `KILL_AT` is n, and the number of changes is written to `KILL_COUNT`.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

type Callable = (...args: never[]) => unknown;
type Functions = Record<string, Callable>;

const at = Number(process.env.KILL_AT ?? Number.POSITIVE_INFINITY);
const { writeFileSync } = fs;
let changes = 0;

/** Counts a change, and ends the process at the chosen one, after `first`. */
async function counted(work: () => unknown, first?: () => unknown): Promise<unknown> {
  if (++changes !== at) return work();
  await first?.();
  return die();
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

function isWrite(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) > 0;
  return typeof flags === 'string' && /[wa+]/.test(flags);
}

/** Arguments of a write of the first half; undefined for other changes. */
function halfOf([data, ...rest]: unknown[]): unknown[] | undefined {
  if (typeof data === 'string') return [data.slice(0, data.length >> 1), ...rest];
  if (!(data instanceof Uint8Array)) return undefined;
  const [offset, length, position] = rest;
  if (typeof offset === 'number') return [data, offset, Number(length) >> 1, position];
  return [data.subarray(0, data.length >> 1), ...rest];
}

function patch(target: Functions, name: string, change: (whole: Callable) => Callable): void {
  const whole = target[name];
  if (whole) target[name] = change(whole);
}

const changing = ['mkdir', 'rename', 'rm', 'unlink', 'link', 'symlink', 'copyFile', 'writeFile'];

async function install(): Promise<void> {
  const promises = fs.promises as unknown as Functions;
  const handle = await fs.promises.open(process.execPath, 'r');
  const ofHandles = Object.getPrototypeOf(handle) as Functions;
  await handle.close();
  for (const name of changing) {
    patch(
      promises,
      name,
      (whole) =>
        (...args) =>
          counted(() => whole(...args)),
    );
    patch(fs as unknown as Functions, `${name}Sync`, (whole) => (...args) => {
      if (++changes === at) void die();
      return whole(...args);
    });
  }
  patch(promises, 'open', (whole) => (...args) => {
    const [, flags] = args as unknown[];
    return isWrite(flags) ? counted(() => whole(...args)) : whole(...args);
  });
  for (const name of ['writeFile', 'appendFile', 'write', 'truncate', 'sync']) {
    patch(
      ofHandles,
      name,
      (whole) =>
        function (this: unknown, ...args) {
          const half = halfOf(args);
          return counted(
            () => whole.apply(this, args),
            half && (() => whole.apply(this, half as never[])),
          );
        },
    );
  }
  syncBuiltinESMExports();
  const file = process.env.KILL_COUNT;
  if (file) process.on('exit', () => writeFileSync(file, String(changes)));
}

if (isMainThread) await install();
