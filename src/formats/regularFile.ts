/**
 * Opens files to read. Every file that likeness reads is opened here.
 *
 * Opening a named pipe waits for a writer, and reading a device such as /dev/zero never ends. Both
 * block the thread, so that no signal is answered. Only regular files are therefore opened.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LikenessError } from '../core/errors.ts';

/**
 * Flags that open a file for reading without waiting for the other end of a pipe. Windows has no
 * such flag.
 */
export const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Flags that create or empty a file for writing, and fail where a named pipe has the name. */
export const WRITE_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NONBLOCK ?? 0);

/** Longest text that is read, in bytes: the longest string of V8. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/**
 * Refuses everything but regular files and folders, whose reading fails by itself.
 *
 * @throws LikenessError `file.irregular`, such as "a named pipe, not a regular file"
 */
export function requireRegular(found: Stats): void {
  const kind = irregularKind(found);
  if (kind) throw new LikenessError('file.irregular', `${kind}, not a regular file`);
}

/** Names a file that is neither regular nor a folder, such as `a named pipe`. */
export function irregularKind(found: Stats): string | undefined {
  if (found.isFile() || found.isDirectory()) return undefined;
  if (found.isFIFO()) return 'a named pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}

/**
 * Opens a regular file for reading. Links are followed.
 *
 * @throws LikenessError `file.irregular`; the file system's error where it cannot be opened
 */
export function openRegularSync(path: string | Buffer): number {
  requireRegular(statSync(path));
  const file = openSync(path, READ_FLAGS);
  try {
    requireRegular(fstatSync(file)); // another file may have taken the name in between
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Opens a regular file for reading, as {@link openRegularSync} does. */
export async function openRegular(path: string): Promise<FileHandle> {
  requireRegular(await stat(path));
  const handle = await open(path, READ_FLAGS);
  try {
    requireRegular(await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads a regular file whole. @throws as {@link openRegularSync} */
export function readRegularSync(path: string): Buffer {
  const file = openRegularSync(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Reads a regular file whole. @throws as {@link openRegularSync} */
export async function readRegular(path: string): Promise<Buffer> {
  const handle = await openRegular(path);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * Reads a regular file as UTF-8.
 *
 * @throws LikenessError `file.tooLarge` above 512 MiB; else as {@link openRegularSync}
 */
export async function readRegularText(path: string): Promise<string> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    if (size > MAX_TEXT_BYTES) {
      const reason = `${size} bytes, more than the 512 MiB that are read as text`;
      throw new LikenessError('file.tooLarge', reason);
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
