/**
 * The cache folder of the hub's tools:
 * `models--OWNER--NAME/{blobs, refs, snapshots/COMMIT, .no_exist/COMMIT}`.
 *
 * Each file lies in `blobs` under its checksum, and snapshots link to it. `refs` has the commit of
 * each branch and tag, and `.no_exist` the names that a commit is known to lack.
 * `scanCacheDir` of `@huggingface/hub` leaves out the folders of a snapshot, such as `onnx`, and
 * fails as a whole on one damaged repository.
 */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { copyFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import {
  makeFolder,
  readRegularSync,
  reserveTemporary,
  writeFailure,
  writeFileAtomic,
} from '../../formats/index.ts';
import { isCommit, isSafePath } from './hubId.ts';

/** Paths of one repository in the cache. */
export interface CachedRepo {
  readonly path: string;
  /** Commit of a branch or tag; undefined where it is not cached. */
  commitOf(revision: string): string | undefined;
  /** Path of a file of a commit, cached or not. */
  file(commit: string, name: string): string;
  /** True for a file that is cached whole. */
  has(commit: string, name: string): boolean;
  /** True for a name that the commit is known to lack. */
  lacks(commit: string, name: string): boolean;
  /** Names of the cached files of a commit, in folders too. */
  files(commit: string): string[];
  /** Cached commits. */
  commits(): string[];
  blob(checksum: string): string;
  hasBlob(checksum: string): boolean;
  /** License in the card of a cached commit. */
  license(commit: string): string | undefined;
  /** Makes a blob a file of a commit. @throws LikenessError `write.*` */
  link(commit: string, name: string, checksum: string): Promise<void>;
  /** Stores that a commit lacks a name. */
  noteMissing(commit: string, name: string): Promise<void>;
  noteCommit(revision: string, commit: string): Promise<void>;
}

/** Depth of folders in a snapshot that are listed. */
const MAX_DEPTH = 4;

/** Opens a repository of the cache, which may not exist yet. */
export function cachedRepo(cache: string, repo: string): CachedRepo {
  const path = join(cache, ['models', ...repo.split('/')].join('--'));
  const snapshot = (commit: string) => join(path, 'snapshots', commit);
  const file = (commit: string, name: string) => join(snapshot(commit), ...name.split('/'));
  const blob = (checksum: string) => join(path, 'blobs', checksum);
  const missing = (commit: string, name: string) =>
    join(path, '.no_exist', commit, ...name.split('/'));
  return {
    ...{ path, file, blob },
    hasBlob: (checksum) => isFile(blob(checksum)),
    license: (commit) => licenseOfCard(file(commit, 'README.md')),
    commitOf(revision) {
      if (isCommit(revision)) return revision;
      try {
        const commit = readRegularSync(join(path, 'refs', ...revision.split('/')));
        const text = commit.toString('utf8').trim();
        return isCommit(text) ? text : undefined;
      } catch {
        return undefined; // never resolved on this machine
      }
    },
    has: (commit, name) => isFile(file(commit, name)),
    lacks: (commit, name) => existsSync(missing(commit, name)),
    files: (commit) => filesIn(snapshot(commit)),
    commits: () => namesIn(join(path, 'snapshots')).filter(isCommit),
    async link(commit, name, checksum) {
      const target = file(commit, name);
      await makeFolder(dirname(target));
      await replaceByLink(blob(checksum), target);
    },
    async noteMissing(commit, name) {
      await makeFolder(dirname(missing(commit, name)));
      await writeFileAtomic(missing(commit, name), '');
    },
    async noteCommit(revision, commit) {
      if (isCommit(revision)) return;
      const target = join(path, 'refs', ...revision.split('/'));
      await makeFolder(dirname(target));
      await writeFileAtomic(target, commit);
    },
  };
}

/** Repositories of models in a cache, as `OWNER/NAME`. */
export function cachedRepos(cache: string): string[] {
  return namesIn(cache).flatMap((name) => {
    const [kind, owner, model, ...rest] = name.split('--');
    return kind === 'models' && owner && model && rest.length === 0 ? [`${owner}/${model}`] : [];
  });
}

/** Checksum under which a file of a snapshot is stored; undefined for a file of its own. */
export function checksumOf(file: string): string | undefined {
  try {
    const name = basename(realpathSync(file));
    return /^[0-9a-f]{64}$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Links where the file system has links, and copies elsewhere, as the hub's tools do. */
async function replaceByLink(from: string, to: string): Promise<void> {
  const { temporary, release } = reserveTemporary(to);
  try {
    await symlink(relative(dirname(to), from), temporary).catch(() => copyFile(from, temporary));
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFailure(to, error);
  } finally {
    release();
  }
}

/** License that the head of a model's card states. */
function licenseOfCard(path: string): string | undefined {
  let text: string;
  try {
    text = readRegularSync(path).toString('utf8');
  } catch {
    return undefined; // the model has no card
  }
  const head = /^---\r?\n(.*?)\n---/s.exec(text)?.[1] ?? '';
  const [, name] = /^license_name:[ \t]*["']?([\w.+-]+)/m.exec(head) ?? [];
  const own = name ?? /^license:[ \t]*["']?([\w.+-]+)/m.exec(head)?.[1];
  const [, base] = /^base_model:\s*(?:-[ \t]*)?["']?([\w.+-]+\/[\w.+-]+)/m.exec(head) ?? [];
  return own ?? (base && `that of ${base}`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // no cache, or no folder of it
  }
}

/** Files below a folder with `/` between names; links to nothing are left out. */
function filesIn(folder: string, depth = 0, root = folder): string[] {
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return depth < MAX_DEPTH ? filesIn(path, depth + 1, root) : [];
    const own = relative(root, path).split(sep).join('/');
    return found?.isFile() && isSafePath(own) ? [own] : [];
  });
}
