/** A model of the hub: its commit is resolved, its files are fetched into the cache, once. */
import { statfs } from 'node:fs/promises';
import { z } from 'zod';
import { LikenessError } from '../../core/errors.ts';
import { type Reporter, silent } from '../../core/reporter.ts';
import { displayPath, plural, showBytes, showDuration } from '../../core/text.ts';
import { makeFolder } from '../../formats/index.ts';
import { type CachedRepo, cachedRepo } from './hubCache.ts';
import { type HubClient, type HubTimes, openHubClient } from './hubClient.ts';
import { downloadFile, type HubFile } from './hubDownload.ts';
import type { AskedFor } from './hubErrors.ts';
import { chooseFile, DESCRIBING, weightsOf } from './hubFiles.ts';
import { type HubId, isCommit, parseHubId } from './hubId.ts';
import { listCommit } from './hubListing.ts';
import { type HubPlace, type HubPlaceOptions, hubPlace } from './hubPlace.ts';

/** Origin of a model of the hub, which is stored with a run. */
export const hubSource = z.strictObject({
  /** Id as it was given, such as `hub:OWNER/NAME`. */
  id: z.string(),
  /** Commit that its branch or tag named. */
  commit: z.string(),
  /** ONNX file in the repository. */
  file: z.string(),
  /** License as the hub states it. */
  license: z.string().optional(),
});
export type HubSource = z.output<typeof hubSource>;

export interface HubModel {
  /** Path of the ONNX file, beside the files that describe it. */
  readonly path: string;
  readonly source: HubSource;
}

export interface HubModelOptions extends HubPlaceOptions {
  /** Receives size and license before the first download, progress, and its signal ends it. */
  reporter?: Reporter;
  /** Bounds on waits; those of tests are shorter. */
  times?: HubTimes;
}

/** Branch of ids without a revision. */
const MAIN = 'main';

/**
 * Finds a model of the hub in the cache, and downloads what the cache lacks: one ONNX file with its
 * weights, and the files that describe it.
 *
 * A commit whose files are cached needs no request. A branch or tag is resolved again by each call;
 * where the hub cannot be reached, the commit that the cache knows is used, and a warning says so.
 *
 * @param id `hub:OWNER/NAME[@REVISION][#FILE]`
 * @throws LikenessError `hub.*`, `write.*`; the signal's reason
 */
export async function openHubModel(
  id: string,
  { reporter = silent, times, ...options }: HubModelOptions = {},
): Promise<HubModel> {
  const wanted = parseHubId(id);
  const place = hubPlace(options);
  const repo = cachedRepo(place.cache, wanted.repo);
  const cached = cachedModel(id, wanted, repo);
  if (place.offline) {
    if (cached) return cached.model;
    throw notCached(id, wanted, { place, repo });
  }
  if (cached?.isWhole && isCommit(wanted.revision ?? MAIN)) return cached.model;
  const { host } = new URL(place.endpoint);
  const client = await openHubClient({
    ...{ place, signal: reporter.signal, ...(times && { times }) },
    onRetry(reason, wait) {
      const pause = showDuration(Math.ceil(wait / 1000));
      const message = `${host}: ${reason}, trying again in ${pause}`;
      reporter.note({ code: 'hub.retry', message });
    },
  });
  try {
    return await fetchModel(id, wanted, { client, repo, reporter });
  } catch (error) {
    const isAway = error instanceof LikenessError && /^hub\.(unreachable|busy)$/.test(error.code);
    if (!isAway || !cached || reporter.signal.aborted) throw error;
    const message =
      `${id}: ${host} cannot be asked now. The cached commit ` +
      `${shortCommit(cached.model.source)} is used.`;
    reporter.warn({ code: 'hub.cached', message });
    return cached.model;
  } finally {
    await client.close();
  }
}

interface FetchOptions {
  client: HubClient;
  repo: CachedRepo;
  reporter: Reporter;
}

async function fetchModel(
  id: string,
  wanted: HubId,
  { client, repo, reporter }: FetchOptions,
): Promise<HubModel> {
  const { place } = client;
  const revision = wanted.revision ?? MAIN;
  const asked: AskedFor = {
    ...{ id, endpoint: place.endpoint, hasToken: place.token !== undefined },
  };
  reporter.progress({
    stage: 'download',
    text: `asking ${new URL(place.endpoint).host} for ${id}`,
  });
  const { commit, license, names, filesOf } = await listCommit(client, wanted, asked);
  const file = chooseFile(names, wanted, asked);
  const described = DESCRIBING.filter((name) => names.includes(name));
  const files = [file, ...weightsOf(names, file), ...described];
  const absent = DESCRIBING.filter((name) => !names.includes(name));
  const missing = files.filter((name) => !repo.has(commit, name));
  if (missing.length > 0) {
    const listed = await filesOf(missing);
    await fetchFiles(listed, { client, repo, reporter, asked, commit, license });
  }
  for (const name of absent) {
    if (!repo.lacks(commit, name)) await repo.noteMissing(commit, name);
  }
  if (repo.commitOf(revision) !== commit) await repo.noteCommit(revision, commit);
  return modelOf(repo, { id, commit, file, ...(license && { license }) });
}

/** Tells size and license, and downloads the files that the cache lacks, the small ones first. */
async function fetchFiles(
  files: readonly HubFile[],
  {
    client,
    repo,
    reporter,
    asked,
    commit,
    license,
  }: FetchOptions & { asked: AskedFor; commit: string; license: string | undefined },
): Promise<void> {
  const { place } = client;
  const fresh = files.filter(({ checksum }) => !repo.hasBlob(checksum));
  const total = fresh.reduce((sum, { size }) => sum + size, 0);
  if (fresh.length > 0) {
    const largest = fresh.reduce((a, b) => (b.size > a.size ? b : a));
    const others = fresh.length - 1;
    const listed = `${largest.path}${others > 0 ? ` and ${plural(others, 'further file')}` : ''}`;
    const message =
      `${asked.id}: downloading ${showBytes(total)} (${listed}) from ` +
      `${new URL(place.endpoint).host} to ${displayPath(place.cache)}. Commit ${commit}, license ` +
      `${license ?? 'not stated'}.`;
    reporter.note({ code: 'hub.download', message });
    await requireSpace(repo.path, total);
  }
  const repoPath = asked.id.replace(/^hub:|[@#].*$/g, '');
  let before = 0;
  let last = 0;
  for (const file of [...files].sort((a, b) => a.size - b.size)) {
    const { path, size, checksum } = file;
    const to = repo.blob(checksum);
    if (fresh.includes(file) && !repo.hasBlob(checksum)) {
      const names = path.split('/').map(encodeURIComponent).join('/');
      await downloadFile({
        ...{ client, file, to, signal: reporter.signal, asked: { ...asked, file: path } },
        url: `${place.endpoint}/${repoPath}/resolve/${commit}/${names}`,
        onBytes(bytes) {
          last = Math.max(last, before + bytes);
          const text = `downloading ${path}: ${showBytes(last)} of ${showBytes(total)}`;
          reporter.progress({ stage: 'download', text, done: last, total });
        },
      });
      before += size;
    }
    await repo.link(commit, path, checksum);
  }
}

/** Refuses a download that the disk has no room for. */
async function requireSpace(folder: string, bytes: number): Promise<void> {
  await makeFolder(folder);
  const found = await statfs(folder).catch(() => undefined); // some file systems do not tell
  const free = found ? found.bavail * found.bsize : Number.POSITIVE_INFINITY;
  if (free >= bytes) return;
  throw new LikenessError(
    'write.noSpace',
    `${displayPath(folder)}: received a disk with ${showBytes(free)} of free space; expected ` +
      `${showBytes(bytes)} for the download. Free some space, or set HF_HUB_CACHE to another ` +
      'folder.',
  );
}

/** A model in the cache; undefined where its commit or its ONNX file is not there. */
function cachedModel(
  id: string,
  wanted: HubId,
  repo: CachedRepo,
): { model: HubModel; isWhole: boolean } | undefined {
  const commit = repo.commitOf(wanted.revision ?? MAIN);
  const file = commit && chooseFile(repo.files(commit), wanted);
  if (!commit || !file) return undefined;
  const isWhole = DESCRIBING.every((name) => repo.has(commit, name) || repo.lacks(commit, name));
  const license = repo.license(commit);
  return { model: modelOf(repo, { id, commit, file, ...(license && { license }) }), isWhole };
}

function modelOf(repo: CachedRepo, source: HubSource): HubModel {
  return { path: repo.file(source.commit, source.file), source };
}

const shortCommit = ({ commit }: HubSource) => commit.slice(0, 12);

function notCached(
  id: string,
  { revision, repo: name }: HubId,
  { place, repo }: { place: HubPlace; repo: CachedRepo },
): LikenessError {
  const commit = repo.commitOf(revision ?? MAIN);
  const cached = commit ? repo.files(commit).filter((file) => file.endsWith('.onnx')) : [];
  const found =
    cached.length > 0
      ? `of which the cache has ${cached.join(', ')}`
      : `which is not in the cache ${displayPath(place.cache)}`;
  const next =
    cached.length > 0
      ? `Name one of these, such as hub:${name}#${cached[0]}, or`
      : 'To download it,';
  return new LikenessError(
    'hub.offline',
    `encoder: received ${id}, ${found}; expected a cached model, because downloads are switched ` +
      `off. ${next} ask again without \`offline\` and HF_HUB_OFFLINE.`,
  );
}
