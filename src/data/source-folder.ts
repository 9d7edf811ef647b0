import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
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

/**
 * The bytes of an image file.
 *
 * @throws LikenessError `image.unreadable`, or `image.unusable` above `MAX_FILE_BYTES`.
 */
export async function readImageFile(path: string): Promise<EncodedImage> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_FILE_BYTES) return { kind: 'encoded', bytes: await readFile(path) };
  } catch (error) {
    throw unreadable(error);
  }
  throw tooManyBytes();
}

export function tooManyBytes(): Error {
  return unusable(`file larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
}
