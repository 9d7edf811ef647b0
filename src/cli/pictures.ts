/** Images named on a command line: files, folders and packed sets, one after the other, unreadable ones included. */
import { readFile, stat } from 'node:fs/promises';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { type EncodedImage, openSource, type RawImage, type Source } from '../data/index.ts';

export interface NamedPicture {
  /** As given, or `given/id` for the images of a folder or packed set. */
  readonly path: string;
  /** Reads the image; throws the reason where that is not possible. */
  read(): Promise<EncodedImage | RawImage>;
}

export interface NamedPictures {
  /** In the order of the paths. What cannot be opened is among them: its `read` says why. */
  readonly pictures: Iterable<NamedPicture>;
  close(): Promise<void>;
}

/** Opens the images that some paths stand for. */
export async function openPictures(paths: readonly string[]): Promise<NamedPictures> {
  const sources: Source[] = [];
  const opened: Iterable<NamedPicture>[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() && !/\.(tar|gz)$|ubyte$/i.test(path)) {
      opened.push([{ path, read: async () => ({ kind: 'encoded', bytes: await readFile(path) }) }]);
      continue;
    }
    try {
      const source = await openSource(path);
      sources.push(source);
      opened.push(picturesOf(path, source));
    } catch (error) {
      opened.push([{ path, read: () => Promise.reject(info === undefined ? noSuchFile() : error) }]);
    }
  }
  return {
    pictures: concatenated(opened),
    close: async () => void (await Promise.allSettled(sources.map((source) => source.close()))),
  };
}

function* picturesOf(path: string, source: Source): Iterable<NamedPicture> {
  for (const [index, { id }] of source.entries.entries()) {
    yield { path: `${path.replace(/[/\\]+$/, '')}/${id}`, read: () => source.read(index) };
  }
}

function* concatenated<T>(parts: readonly Iterable<T>[]): Iterable<T> {
  for (const part of parts) yield* part;
}

function noSuchFile(): LikenessError {
  return new LikenessError('image.missing', 'no such file');
}

/** The reason why an image could not be used, in one line without its path. */
export function pictureReason(error: unknown, path: string): string {
  return reasonOf(error).split('\n')[0]!.replaceAll(`, open '${path}'`, '');
}
