/** Sources whose files of several pictures are read as one image per picture. */
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { hasPages, pictureCount } from './pictureCount.ts';
import { isImageError } from './reasons.ts';
import { sniffFormat } from './sniff.ts';
import type { EncodedImage, ImageEntry, RawImage, Source, StopOptions } from './types.ts';

/** Image that is a page of a file, or the only picture of its file. */
interface Page {
  /** Index of the file in the source. */
  readonly file: number;
  /** Number of the picture, from 1. Absent in a file of one picture. */
  readonly page?: number;
}

/**
 * Reads every picture of a TIFF, GIF or WebP file as an image of its own. The ids of `scan.tif`
 * are `scan.tif#1`, `scan.tif#2` and so on; a file of one picture keeps its id. All pages have the label
 * and split of their file.
 *
 * Files of these formats are read once to count their pictures.
 *
 * @throws LikenessError `source.ambiguous` where a file has the name of a page
 */
export async function withPages(source: Source, { signal }: StopOptions = {}): Promise<Source> {
  const pages: Page[] = [];
  const entries: ImageEntry[] = [];
  const names = new Set(source.entries.map(({ id }) => id));
  let files = 0;
  for (const [file, entry] of source.entries.entries()) {
    signal?.throwIfAborted();
    const count = await countPages(source, file);
    if (count === 1) {
      pages.push({ file });
      entries.push(entry);
      continue;
    }
    files++;
    for (let page = 1; page <= count; page++) {
      const id = `${entry.id}#${page}`;
      if (names.has(id)) throw ambiguous(source, { id, file: entry.id, page });
      pages.push({ file, page });
      entries.push({ ...entry, id, file: entry.id });
    }
  }
  const read = readingOnce(source);
  const images = plural(pages.length - (source.entries.length - files), 'image');
  const message = `all pages of ${plural(files, 'file')}: ${images}`;
  const { bytes, head } = source;
  return {
    ...source,
    entries,
    choices: { ...source.choices, pages: 'all' },
    notes: [...(source.notes ?? []), ...(files > 0 ? [{ code: 'images.pages', message }] : [])],
    fingerprint: async (options) => `${await source.fingerprint(options)}\nall pages`,
    async read(index) {
      const { file, page } = pages[index]!;
      const image = await read(file);
      return image.kind === 'encoded' && page !== undefined ? { ...image, page } : image;
    },
    ...(bytes && { bytes: (index: number) => bytes(pages[index]!.file) }),
    ...(head && { head: (index: number, size?: number) => head(pages[index]!.file, size) }),
  };
}

/** Counts the pictures in a file; 1 in one that cannot be read. */
async function countPages(source: Source, index: number): Promise<number> {
  try {
    const head = await source.head?.(index);
    if (head && !hasPages(sniffFormat(head))) return 1;
    const image = await source.read(index);
    const format = image.kind === 'encoded' ? sniffFormat(image.bytes) : undefined;
    if (image.kind === 'raw' || format === undefined || !hasPages(format)) return 1;
    return pictureCount(format, image.bytes);
  } catch (error) {
    if (isImageError(error)) return 1;
    throw error;
  }
}

/** Reads files and remembers the last one, whose pages are read one after the other. */
function readingOnce(source: Source): (file: number) => Promise<EncodedImage | RawImage> {
  let last: { file: number; image: Promise<EncodedImage | RawImage> } | undefined;
  return (file) => {
    if (last?.file !== file) {
      const image = source.read(file);
      image.catch(() => {}); // whoever waits for it receives the error
      last = { file, image };
    }
    return last.image;
  };
}

function ambiguous(
  { path }: Source,
  { id, file, page }: { id: string; file: string; page: number },
): LikenessError {
  return new LikenessError(
    'source.ambiguous',
    `pages: "${id}" in ${path} is a file and page ${page} of "${file}"; expected different ` +
      'names. Rename the file.',
  );
}
