import * as fs from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { MAX_FILE_BYTES } from './decode.ts';
import { fingerprintFiles } from './fingerprint.ts';
import { layoutOf } from './layout.ts';
import { unreadable, unusable } from './reasons.ts';
import type { EncodedImage, Source } from './types.ts';
import { walkImages } from './walk.ts';

/** A folder of image files; labels and splits from the folders inside, as `layoutOf` says. */
export async function openFolder(path: string): Promise<Source> {
  const { files, skipped } = await walkImages(path);
  const { entries, labelNames } = layoutOf(files);
  return {
    path,
    name: basename(path) || path,
    kind: 'folder',
    entries,
    labelNames,
    skipped,
    fingerprint: () =>
      fingerprintFiles(
        'folder',
        files.map((id) => [id, join(path, id)] as const),
      ),
    read: (index) => readImageFile(join(path, files[index]!)),
    close: async () => {},
  };
}

/** One image file as a source of one picture. */
export function openImage(path: string): Source {
  const name = basename(path);
  return {
    path,
    name,
    kind: 'image',
    entries: [{ id: name }],
    skipped: [],
    fingerprint: () => fingerprintFiles('image', [[name, path]]),
    read: () => readImageFile(path),
    close: async () => {},
  };
}

// Of a small file, node:fs/promises takes nearly twice as long.
const open = promisify(fs.open);
const fstat = promisify(fs.fstat);
const read = promisify(fs.read);
const close = promisify(fs.close);

/**
 * The bytes of an image file.
 *
 * @throws LikenessError `image.unreadable`, or `image.unusable` above `MAX_FILE_BYTES`.
 */
export async function readImageFile(path: string): Promise<EncodedImage> {
  let bytes: Uint8Array | undefined;
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await fstat(file);
      if (size <= MAX_FILE_BYTES) bytes = await readBytes(file, size);
    } finally {
      await close(file);
    }
  } catch (error) {
    throw unreadable(error);
  }
  if (!bytes) throw tooManyBytes();
  return { kind: 'encoded', bytes };
}

/** So many bytes of a file, or as many as it has now. */
async function readBytes(file: number, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await read(file, bytes, done, size - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

export function tooManyBytes(): Error {
  return unusable(`file larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
}
