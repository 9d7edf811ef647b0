/** Images given by paths: files, folders and packed data sets, unreadable ones included. */
import { stat } from 'node:fs/promises';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import {
  type EncodedImage,
  openSource,
  type RawImage,
  type Source,
  type ValueRange,
} from '../data/index.ts';
import { readRegular } from '../formats/index.ts';
import { choicesAsStored, type StoredSource } from '../run/index.ts';

export interface NamedImage {
  /** As given, or `given/id` for the images of a folder or packed set. */
  readonly path: string;
  /** Reads the image; throws the reason where that fails. */
  read(): Promise<EncodedImage | RawImage>;
}

export interface NamedImages {
  /**
   * Images in the order of the paths, with those that cannot be opened; their `read` throws the
   * reason.
   */
  readonly images: Iterable<NamedImage>;
  close(): Promise<void>;
}

export interface ImageFilesOptions {
  /** Receives a note on the ways of reading that are taken from a run. Default: nobody. */
  reporter?: Reporter;
  /** Source of a run, whose ways of reading are used for its own images. */
  stored?: StoredSource | undefined;
  /** `all` opens every picture of a file of several. Default: as for the run on its own images. */
  pages?: 'first' | 'all' | undefined;
  /** Values that become black and white in images of more than 8 bits. Default: as for the run. */
  range?: ValueRange | undefined;
}

/** Opens the images at some paths. */
export async function openImageFiles(
  paths: readonly string[],
  { reporter = silent, stored, pages, range: givenRange }: ImageFilesOptions = {},
): Promise<NamedImages> {
  const sources: Source[] = [];
  const range = givenRange ?? stored?.range;
  const opened: Iterable<NamedImage>[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    const given = { labels: 'none', pages };
    const choices = choicesAsStored(stored, { path, given }, reporter);
    if (choices.pages !== 'all' && info?.isFile() && !/\.(tar|gz)$|ubyte$/i.test(path)) {
      opened.push([
        {
          path,
          read: async () => ({ kind: 'encoded', bytes: await readRegular(path), range }),
        },
      ]);
      continue;
    }
    try {
      const source = await openSource(path, { ...choices, range });
      sources.push(source);
      opened.push(imagesOf(path, source));
    } catch (error) {
      opened.push([
        { path, read: () => Promise.reject(info === undefined ? noSuchFile() : error) },
      ]);
    }
  }
  return {
    images: concatenated(opened),
    close: async () => void (await Promise.allSettled(sources.map((source) => source.close()))),
  };
}

function* imagesOf(path: string, source: Source): Iterable<NamedImage> {
  const folder = path.replace(/[/\\]+$/, '');
  const isFile = source.kind === 'image';
  for (const [index, { id, file = id }] of source.entries.entries()) {
    // A page has the path of its file with its number.
    const named = isFile ? `${path}${id.slice(file.length)}` : `${folder}/${id}`;
    yield { path: named, read: () => source.read(index) };
  }
}

function* concatenated<T>(parts: readonly Iterable<T>[]): Iterable<T> {
  for (const part of parts) yield* part;
}

function noSuchFile(): LikenessError {
  return new LikenessError('image.missing', 'no such file');
}

/** Formats the reason why an image could not be used, in one line without its path. */
export function imageReason(error: unknown, path: string): string {
  return reasonOf(error).split('\n')[0]!.replaceAll(`, open '${path}'`, '');
}
