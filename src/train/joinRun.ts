/** A run of several ranks: rank 0 prepares and writes it, and the others join it. */
import { availableParallelism, cpus } from 'node:os';
import { type Communicator, gatherTexts } from '../collectives/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import { version } from '../core/version.ts';
import {
  countDistinct,
  identitiesOf,
  indicesOfSplit,
  type OpenImages,
  type PixelCache,
} from '../data/index.ts';
import {
  hashOfImages,
  openRunFolder,
  readOrigin,
  type TrainedConfig,
  trainedCacheSize,
} from '../run/index.ts';
import type { PreparedRun } from './session.ts';

/** Cores of a rank's host that each of the ranks on it may use. */
export function threadsOfRank({ hosts, rank }: Communicator): number {
  const neighbors = hosts.filter((host) => host === hosts[rank]).length;
  // A launcher that binds ranks to cores has divided them already.
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpus().length / neighbors)));
}

/**
 * Refuses ranks that were asked for different things.
 *
 * @param request options of the training that JSON can hold
 * @throws LikenessError `ranks.differ`, the same on all ranks
 */
export async function requireEqualRanks(
  communicator: Communicator,
  request: object,
): Promise<void> {
  const own = { version, ...request };
  const texts = await gatherTexts(communicator, JSON.stringify(own));
  const other = texts.findIndex((text) => text !== texts[0]);
  if (other === -1) return;
  const [first, found] = [texts[0]!, texts[other]!].map(
    (text) => JSON.parse(text) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>];
  const keys = [...new Set([...Object.keys(first), ...Object.keys(found)])];
  const key = keys.find((name) => JSON.stringify(first[name]) !== JSON.stringify(found[name]))!;
  throw new LikenessError(
    'ranks.differ',
    `${key}: received ${show(found[key])} on rank ${other} (${communicator.hosts[other]}); ` +
      `expected ${show(first[key])} as on rank 0 (${communicator.hosts[0]}). Start all ranks with ` +
      'the same command and version.',
  );
}

const show = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));

/** Facts of a prepared run that the other ranks need. */
interface Invitation {
  readonly path: string;
  readonly config: TrainedConfig;
  readonly finished: boolean;
}

/** Tells the other ranks of a run that rank 0 has prepared. They have its images afterwards. */
export async function inviteRanks(communicator: Communicator, run: PreparedRun): Promise<void> {
  const { folder, config, finished = false } = run;
  const invitation: Invitation = { path: folder.path, config, finished };
  await gatherTexts(communicator, JSON.stringify(invitation));
  await communicator.barrier();
}

/**
 * Joins the run that rank 0 has prepared. Its folder and the images must be there on every host.
 *
 * Fills the cache of each host by one rank, and reads it by the others.
 *
 * @throws LikenessError `ranks.images` for other images than those of rank 0
 */
export async function joinRun(
  images: OpenImages,
  communicator: Communicator,
  reporter: Reporter = silent,
): Promise<PreparedRun> {
  const [text] = await gatherTexts(communicator, '');
  const { path, config, finished } = JSON.parse(text!) as Invitation;
  const { hosts, rank } = communicator;
  const folder = await openRunFolder(path);
  await readOrigin(folder, config);
  const isFirst = hosts.indexOf(hosts[rank]!) === rank;
  const { range } = config.source;
  const read = () => images.pixels({ size: trainedCacheSize(config), range, reporter });
  const filled = isFirst ? await read() : undefined;
  await communicator.barrier();
  const cache = filled ?? (await read());
  const indices = indicesOfSplit(cache, config.split);
  requireImagesOfFirst({ cache, indices, config }, communicator);
  return {
    ...{ folder, config, cache, indices, finished, cacheDir: images.cacheDir },
    distinct: countDistinct(cache, indices),
    lock: { release: () => {} },
  };
}

function requireImagesOfFirst(
  { cache, indices, config }: { cache: PixelCache; indices: Uint32Array; config: TrainedConfig },
  { hosts, rank }: Communicator,
): void {
  const hash = hashOfImages(identitiesOf(cache, indices));
  const { listing } = config;
  if (!listing || (hash.names === listing.names && hash.contents === listing.contents)) return;
  const what = hash.names === listing.names ? 'contents' : 'names';
  throw new LikenessError(
    'ranks.images',
    `source: received ${plural(indices.length, 'image')} on rank ${rank} (${hosts[rank]}) with ` +
      `other ${what} than the ${config.images} of rank 0 (${hosts[0]}); expected the same files ` +
      'on all hosts. Copy the folder of rank 0.',
  );
}
