/**
 * Benchmarks the patch encoder beside the same recipe in NumPy and scikit-learn: learning from the
 * images, then the features of all of them. A row counts only where both compute the same features
 * with the tensors that we learned.
 */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Engine } from '../src/backends/index.ts';
import {
  learnPatches,
  type PatchTensors,
  patchEncoder,
  patchGeometry,
  patchSettings,
} from '../src/encoders/patches/index.ts';
import { encodeNpy } from '../src/formats/index.ts';
import type { CacheLayout } from '../src/views/index.ts';
import type { ClusteringRow } from './clustering.ts';
import { ownContender, peerContender } from './contenders.ts';
import { differenceOf, openPeer, type PeerOptions, pythonWith, withPeer } from './peer.ts';
import { madeUpPhoto } from './photos.ts';
import { onStage } from './stage.ts';
import { type Contender, median, most, pairRatios, type Turn, times } from './turns.ts';

interface Shape {
  images: number;
  /** Side of the images, in pixels. */
  size: number;
  /** Default: those of the encoder. */
  settings?: z.input<typeof patchSettings>;
}

/** Rows of the benchmark; `smoke` is for tests. */
export const patchRows: Readonly<Record<string, Shape>> = {
  '1000-photos-64': { images: 1000, size: 64 },
  '60000-32': { images: 60_000, size: 32 },
  smoke: {
    ...{ images: 48, size: 16 },
    settings: { colorFilters: 8, grayFilters: 6, patches: 500, components: 8, images: 32 },
  },
};

/** Seconds of learning and embedding together, and the difference of features. */
export type PatchRow = ClusteringRow;

/** Largest difference of features that count as the same computation. */
const TOLERANCE = 1e-3;
/** Images whose features are compared. */
const COMPARED = 16;
/** Images of the warm-up, in which libraries load. */
const WARMING_IMAGES = 64;
const SEED = 0;

/** Images as raw bytes [n, S, S, 3] in one file. */
interface Photos extends Shape {
  file: string;
}

/** Benchmarks one row. */
export async function benchmarkPatches(
  name: string,
  { rounds = 3, python = pythonWith('sklearn') }: { rounds?: number; python?: string | null } = {},
): Promise<PatchRow> {
  const shape = patchRows[name]!;
  const threads = availableParallelism();
  return onStage(
    async ({ folder, withEngine }) => {
      const photos = { ...shape, file: await writePhotos(join(folder, 'photos'), shape) };
      const own = ownContender({ module: './patches.ts', args: photos, threads });
      if (!python) return { name, ...(await turnsOf({ own, rounds })), difference: null };
      const settings = patchSettings.parse(shape.settings ?? {});
      const { images: count, size, file } = photos;
      const recipe = JSON.stringify({ ...settings, ...patchGeometry(settings, size) });
      const of: PeerOptions = {
        script: './sklearn/patches.py',
        options: { images: file, count, size, settings: recipe, tensors: folder, threads },
      };
      const ours = await withEngine((engine) => learnInto(folder, engine, photos));
      const { features } = (await withPeer(python, of, (peer) =>
        peer.ask({ features: COMPARED }),
      )) as {
        features: number[];
      };
      const difference = differenceOf(ours, features);
      if (!(difference < TOLERANCE))
        throw new Error(`${name}: our features differ from NumPy's by ${difference}`);
      const peer = peerContender({ name: 'scikit-learn', open: () => openPeer(python, of) });
      return { name, ...(await turnsOf({ own, peer, rounds })), difference };
    },
    { threads },
  );
}

/** Prepares the work after a warm-up on a few images; each call learns and embeds. */
export async function prepare(engine: Engine, photos: Photos): Promise<() => Promise<unknown>> {
  await learnAndEmbed(engine, { ...photos, images: Math.min(photos.images, WARMING_IMAGES) });
  return () => learnAndEmbed(engine, photos);
}

/** Learns an encoder from all images and embeds them. */
async function learnAndEmbed(engine: Engine, photos: Photos): Promise<unknown> {
  const settings = patchSettings.parse(photos.settings ?? {});
  const [images, { size }] = [{ cache: layoutOf(photos) }, photos];
  const tensors = await learnPatches({ engine, images, size, settings, seed: SEED });
  const encoder = await patchEncoder({ engine, size, settings, tensors });
  try {
    return await encoder.embed(images);
  } finally {
    await encoder.close();
  }
}

/** Learns tensors, writes each as `<name>.npy`, and returns features of the compared images. */
async function learnInto(folder: string, engine: Engine, photos: Photos): Promise<Float32Array> {
  const settings = patchSettings.parse(photos.settings ?? {});
  const [cache, { size }] = [layoutOf(photos), photos];
  const tensors: PatchTensors = await learnPatches({
    engine,
    images: { cache },
    size,
    settings,
    seed: SEED,
  });
  for (const [tensor, { shape, data }] of Object.entries(tensors))
    writeFileSync(join(folder, `${tensor}.npy`), encodeNpy({ shape, data: data as Float32Array }));
  const encoder = await patchEncoder({ engine, size, settings, tensors });
  try {
    return (
      await encoder.embed({ cache, indices: Uint32Array.from({ length: COMPARED }, (_, i) => i) })
    ).data;
  } finally {
    await encoder.close();
  }
}

function layoutOf({ file, images, size }: Photos): CacheLayout {
  const sides = new Uint16Array(images).fill(size);
  const offsets = Float64Array.from({ length: images }, (_, i) => 3 * i * size * size);
  return { file, widths: sides, heights: sides, offsets };
}

/** Writes synthetic photos as raw bytes and returns the path. */
async function writePhotos(file: string, { images, size }: Shape): Promise<string> {
  const descriptor = openSync(file, 'w');
  try {
    for (let i = 0; i < images; i++)
      writeSync(descriptor, await madeUpPhoto({ width: size, height: size }, i));
  } finally {
    closeSync(descriptor);
  }
  return file;
}

/**
 * Times both in alternation, in a fresh process for each round. A round is one run, because the
 * processes have warmed up on a few images and a run takes many seconds.
 */
async function turnsOf({
  own,
  peer,
  rounds,
}: {
  own: Contender;
  peer?: Contender;
  rounds: number;
}) {
  const [ours, theirs]: [Turn[], Turn[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(await turnOf(own));
    if (peer) theirs.push(await turnOf(peer));
  }
  const alone = { seconds: median(times(ours)) / 1000, megabytes: most(ours) };
  if (!peer) {
    return {
      ...alone,
      peerSeconds: null,
      ratio: null,
      spread: null,
      peerMegabytes: null,
      versions: {},
    };
  }
  const ratios = pairRatios(times(ours), times(theirs));
  return {
    ...alone,
    peerSeconds: median(times(theirs)) / 1000,
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)] as const,
    peerMegabytes: most(theirs),
    versions: theirs[0]!.versions,
  };
}

async function turnOf(contender: Contender): Promise<Turn> {
  const entered = await contender.enter();
  try {
    const [milliseconds] = await entered.run(1);
    return {
      milliseconds: milliseconds!,
      megabytes: entered.megabytes(),
      versions: entered.versions,
    };
  } finally {
    await entered.leave();
  }
}
