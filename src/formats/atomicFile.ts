/**
 * Replaces files atomically. Writes a temporary file in the same folder, flushes it to the disk
 * (fsync), renames it over the target and flushes the folder.
 *
 * A process killed at any moment leaves the previous file intact and at most one temporary file,
 * which {@link isTemporaryName} recognizes and {@link removeTemporaries} cleans.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { onEarlyEnd } from '../core/ending.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { irregularKind, WRITE_FLAGS } from './regularFile.ts';

/** File operations of a write. A test can pass its own to simulate a full disk. */
export interface FileOperations {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
}

export interface AtomicOptions {
  readonly files?: FileOperations;
}

/** Receives the pieces of a file. */
export interface FileSink {
  write(chunk: Uint8Array | string): Promise<void>;
}

const realFiles: FileOperations = { open, rename, rm };
const temporaryName = /^\.(.+)\.(\d+)-\d+\.tmp$/;
/** Temporary files that this process is writing. */
const inProgress = new Set<string>();
let counter = 0;

/** Bytes per write call. Large arrays are written in pieces so that a failure is noticed early. */
const PIECE_BYTES = 16 * 1024 * 1024;

/** Tells if a file name (without folder) is the temporary name of an atomic write. */
export function isTemporaryName(name: string): boolean {
  return temporaryName.test(name);
}

/**
 * Reserves a temporary name beside `path`. `removeTemporaries` and {@link removeAbandoned} ignore
 * it until it is released, and an early end removes the file.
 */
export function reserveTemporary(path: string): { temporary: string; release: () => void } {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${counter++}.tmp`);
  inProgress.add(temporary);
  const forget = onEarlyEnd(() => rmSync(temporary, { force: true }));
  return {
    temporary,
    release() {
      forget();
      inProgress.delete(temporary);
    },
  };
}

/**
 * Writes `content` to `path` atomically. Several pieces may be produced during the write.
 *
 * @throws LikenessError `write.noSpace`, `write.denied` or `write.failed`. An existing `path` is
 * then unchanged.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  options: AtomicOptions = {},
): Promise<void> {
  const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  await writeFileStreamed(
    path,
    async (sink) => {
      for await (const piece of pieces) await sink.write(piece);
    },
    options,
  );
}

/**
 * Writes content that `produce` passes to `sink.write`, atomically. The file appears under its name
 * only after `produce` has returned. An error of `produce` is rethrown, and no file appears.
 */
export async function writeFileStreamed(
  path: string,
  produce: (sink: FileSink) => Promise<void>,
  { files = realFiles }: AtomicOptions = {},
): Promise<void> {
  if (path.trim() === '') {
    throw new LikenessError('write.failed', 'Could not write a file: received an empty path.');
  }
  await requireReplaceable(path);
  const folder = dirname(path);
  await removeAbandoned(path);
  const { temporary, release } = reserveTemporary(path);
  try {
    const handle = await attempt(path, () => files.open(temporary, WRITE_FLAGS));
    try {
      await produce({
        async write(chunk) {
          const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
          for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
            await attempt(path, () => handle.writeFile(bytes.subarray(at, at + PIECE_BYTES)));
          }
        },
      });
      await attempt(path, () => handle.sync());
    } finally {
      await handle.close().catch(() => {});
    }
    await attempt(path, () => files.rename(temporary, path));
    await flushFolder(folder, files);
  } catch (error) {
    await files.rm(temporary, { force: true }).catch(() => {});
    throw error;
  } finally {
    release();
  }
}

/**
 * Refuses a path that leads to a named pipe, a socket or a device. A rename would replace it, and
 * opening it could wait for ever.
 *
 * @throws LikenessError `write.irregular`
 */
export async function requireReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined); // nothing, or the write says why
  const kind = found && irregularKind(found);
  if (kind === undefined) return;
  throw new LikenessError(
    'write.irregular',
    `Could not write ${path}: received the path of ${kind}; expected a file. Write to a file, and ` +
      'copy it from there.',
  );
}

/** Removes temporary files of killed writes in `folder`, and returns their names. */
export async function removeTemporaries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const stale = names.filter(
    (name) => isTemporaryName(name) && !inProgress.has(join(folder, name)),
  );
  for (const name of stale) await rm(join(folder, name), { force: true });
  return stale.sort();
}

/**
 * Removes the temporary files of `path` whose process has ended, as after a kill in the middle of a
 * write.
 */
export async function removeAbandoned(path: string): Promise<void> {
  const [folder, target] = [dirname(path), basename(path)];
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of names) {
    const [, of, pid] = temporaryName.exec(name) ?? [];
    const file = join(folder, name);
    if (of !== target || inProgress.has(file) || isRunning(Number(pid))) continue;
    await rm(file, { force: true }).catch(() => {}); // it only takes room
  }
}

/** True for another process of this machine. This one would know its own files. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Creates a folder and its parents. Throws a `LikenessError` with the reason if that fails. */
export async function makeFolder(path: string): Promise<void> {
  await attempt(path, async () => makeFolderSync(path));
}

/**
 * Creates a folder and its parents. Throws the system's error if that fails. mkdir's own
 * `recursive` never ends if a parent exists but accepts no folders, as in /proc.
 */
export function makeFolderSync(path: string): void {
  const full = resolve(path);
  try {
    mkdirSync(full);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && isFolder(full)) return;
    const parent = dirname(full);
    if (code !== 'ENOENT' || parent === full || isFolder(parent)) throw error;
    makeFolderSync(parent);
    makeFolderSync(full);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Builds the error of a failed write: the file, the state of its earlier version, and the next
 * step.
 */
export function writeFailure(path: string, error: unknown): LikenessError {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const intact = 'An earlier version of it, and every other file, is intact.';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const what = code === 'ENOSPC' ? 'the disk is full' : 'the disk quota is used up';
    return new LikenessError(
      'write.noSpace',
      `Could not write ${path}: ${what}. ${intact} Free some space and run the command again.`,
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const remedy = 'Choose another folder, or make this one writable.';
    const what = code === 'EROFS' ? 'the file system is read-only' : 'permission was denied';
    return new LikenessError(
      'write.denied',
      `Could not write ${path}: ${what}. ${intact} ${remedy}`,
      {
        cause: error,
      },
    );
  }
  const next: Record<string, string> = {
    ENOENT: 'Its folder does not exist (any more); create the folder or choose another one.',
    ENOTDIR: 'A part of the path is a file, not a folder; choose another path.',
    EEXIST: 'A file of that name is where a folder should be; choose another path.',
    EISDIR: 'A folder of that name already exists; choose another path.',
    ENAMETOOLONG: 'The name is too long; choose a shorter one.',
  };
  return new LikenessError(
    'write.failed',
    `Could not write ${path}: ${reasonOf(error)}. ${intact} ` +
      `${next[code ?? ''] ?? 'Check the disk and run the command again.'}`,
    { cause: error },
  );
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** Makes the rename durable, where the system can flush folders. */
async function flushFolder(folder: string, files: FileOperations): Promise<void> {
  try {
    const handle = await files.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file is complete under its name. The system decides if it survives a power cut.
  }
}
