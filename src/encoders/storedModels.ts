/** Models on this machine: in the cache of the hub's tools, and in a folder. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { displayPath } from '../core/text.ts';
import { cachedRepo, cachedRepos, chooseFile, onnxFilesOf, showHubId } from './hub/index.ts';
import { glanceAtModel, type ModelGlance } from './models/glance.ts';

/** An ONNX file on this machine. */
export interface StoredModel extends ModelGlance {
  /** Id of the hub or path, by which it is named as an encoder. */
  readonly encoder: string;
  readonly file: string;
  /** Commit of a model of the hub. */
  readonly commit?: string;
  /** License that the card of the model states. */
  readonly license?: string;
}

/** Depth of folders that are searched. */
const MAX_DEPTH = 5;

/** Yields the ONNX files in the cache of the hub's tools, by name. */
export async function* modelsInCache(cache: string): AsyncGenerator<StoredModel> {
  for (const name of cachedRepos(cache)) {
    const repo = cachedRepo(cache, name);
    const main = repo.commitOf('main');
    for (const commit of repo.commits()) {
      const files = repo.files(commit);
      const license = repo.license(commit);
      const usual = chooseFile(files, { repo: name });
      for (const file of onnxFilesOf(files)) {
        const path = repo.file(commit, file);
        const encoder = showHubId({
          repo: name,
          ...(commit !== main && { revision: commit }),
          ...(file !== usual && { file }),
        });
        yield {
          ...{ encoder, file: path, commit },
          ...(license !== undefined && { license }),
          ...(await glanceAtModel(path)),
        };
      }
    }
  }
}

/**
 * Yields the ONNX files in a folder and its folders, by name. Hidden folders, `node_modules` and
 * links to folders are left out.
 *
 * @throws LikenessError `encoder.folder` for a path that is no folder
 */
export async function* modelsInFolder(folder: string): AsyncGenerator<StoredModel> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new LikenessError(
      'encoder.folder',
      `folder: received ${displayPath(folder)}, which is no folder; expected one that holds ONNX ` +
        'files. Check the path.',
    );
  }
  for (const file of onnxFilesBelow(folder, 0)) {
    yield { encoder: displayPath(file), file, ...(await glanceAtModel(file)) };
  }
}

function onnxFilesBelow(folder: string, depth: number): string[] {
  let entries: ReturnType<typeof entriesOf>;
  try {
    entries = entriesOf(folder);
  } catch {
    return []; // not allowed to be read
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const isSearched = !/^\.|^node_modules$/.test(entry.name) && depth < MAX_DEPTH;
      return isSearched ? onnxFilesBelow(path, depth + 1) : [];
    }
    const isOnnx = /\.onnx$/i.test(entry.name);
    return isOnnx && statSync(path, { throwIfNoEntry: false })?.isFile() ? [path] : [];
  });
}

const entriesOf = (folder: string) =>
  readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
