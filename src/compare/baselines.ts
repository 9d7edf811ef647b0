/** Baselines of a comparison: each is measured once and stored in the comparison's folder. */
import { join } from 'node:path';
import { z } from 'zod';
import { type Engine, openEngine } from '../backends/index.ts';
import type { Features } from '../cluster/index.ts';
import { plural } from '../core/text.ts';
import {
  defaultEncoder,
  type ImageEncoder,
  learnedEncoder,
  pixelEncoder,
  trainedEncoder,
  untrainedState,
} from '../encoders/index.ts';
import { trainingImages } from '../evaluate/index.ts';
import { encoderOptions, type Settings } from '../methods/index.ts';
import { readJsonIfValid, writeJson } from '../run/index.ts';
import { type ClassicalName, measureClassical } from './classical.ts';
import type { Baseline, CurvePoint } from './comparison.ts';
import { type Bench, type MeasuredEncoder, measureEncoder, measureFeatures } from './measure.ts';
import { storedEncoder } from './storedScores.ts';
import { summarizeFigures, summarizeNumbers } from './summary.ts';

/** Stored measurements by name; the key identifies images and protocol. */
type Stored = Record<string, { key: string; measured: MeasuredEncoder }>;
const schema = z.record(z.string(), z.object({ key: z.string(), measured: storedEncoder }));

export interface BaselineStore {
  /**
   * Returns the stored measurement of this name and key, or calls `measure` and stores its result.
   */
  recall(
    name: string,
    key: string,
    measure: (engine: Engine) => Promise<MeasuredEncoder>,
  ): Promise<MeasuredEncoder>;
}

/**
 * Opens `baselines.json` in a comparison's folder; a file that is absent or damaged is written
 * again.
 */
export async function openBaselines(
  folder: string,
  { threads }: { threads: number },
): Promise<BaselineStore> {
  const file = join(folder, 'baselines.json');
  const stored: Stored = (await readJsonIfValid(file, schema)) ?? {};
  return {
    async recall(name, key, measure) {
      const known = stored[name];
      if (known?.key === key) return known.measured;
      const engine = await openEngine({ threads });
      try {
        const measured = await measure(engine);
        stored[name] = { key, measured };
        await writeJson(file, stored);
        return measured;
      } finally {
        await engine.close();
      }
    },
  };
}

/** Identifies an untrained encoder: every option of the network, image size and normalization. */
export function encoderKey(settings: Settings): string {
  const { imageSize, mean, std } = settings.data;
  const network = Object.entries(encoderOptions(settings)).map(
    ([name, value]) => `${name} ${value}`,
  );
  return `${network.join(', ')}, at ${imageSize} px, normalized by ${mean} and ${std}`;
}

export interface Untrained {
  readonly baseline: Baseline;
  /** First point of each seed's curve. */
  readonly starts: ReadonlyMap<number, CurvePoint>;
}

const UNTRAINED =
  "initial weights of the runs, one per seed, running statistics measured on these images' evaluation views";

/** Measures the untrained encoder of some settings over the seeds. */
export async function untrainedBaseline(
  store: BaselineStore,
  bench: Bench,
  settings: Settings,
  { seeds, key, name }: { seeds: readonly number[]; key: string; name: string },
): Promise<Untrained> {
  const { cache, set, reporter } = bench;
  const measured: MeasuredEncoder[] = [];
  const starts = new Map<number, CurvePoint>();
  for (const seed of seeds) {
    const own: Settings = { ...settings, run: { ...settings.run, seed } };
    const encoder = encoderKey(own);
    reporter.progress({ stage: 'measure', text: `untrained encoder, seed ${seed}` });
    const found = await store.recall(`untrained ${encoder} seed ${seed}`, key, async (engine) => {
      const images = { cache, indices: set.indices };
      const state = await untrainedState({ engine, settings: own, images, reporter });
      const encoder = await trainedEncoder({ engine, settings: own, state });
      try {
        return await measureEncoder(engine, bench, own, { encoder, state });
      } finally {
        await encoder.close();
      }
    });
    measured.push(found);
    if (found.point) starts.set(seed, { step: 0, minutes: 0, ...found.point });
  }
  return { baseline: baselineOf(name, UNTRAINED, measured), starts };
}

/** Measures patch features with default settings, learned from the training images of the bench. */
export async function patchBaseline(
  store: BaselineStore,
  bench: Bench,
  { size, workers }: { size: number; workers: number },
  key: string,
): Promise<Baseline> {
  const { cache, set, seed, reporter } = bench;
  const spec = defaultEncoder('patches');
  const patches = learnedEncoder('patches');
  const indices = trainingImages(set);
  const features =
    `learned from ${plural(indices.length, 'image')} with default settings, by seed ${seed}, ` +
    `at ${size} px`;
  reporter.progress({ stage: 'measure', text: `measuring ${patches.title}` });
  const settings = JSON.stringify(spec.settings);
  const measured = await store.recall(patches.title, `${key} ${settings}`, async (engine) => {
    const learned = { engine, images: { cache, indices }, size, seed, workers, reporter };
    const encoder = await patches.open({ engine, size, tensors: await patches.learn(learned) });
    try {
      const rows = await encoder.embed({ cache, indices: set.indices }, { workers, reporter });
      const { figures } = await measureFeatures(engine, bench, rows, { title: patches.title });
      return { figures, protocol: { features }, labelFree: {} };
    } finally {
      await encoder.close();
    }
  });
  return baselineOf(patches.title, features, [measured]);
}

/** Measures raw pixels, color histograms, and the requested classical clusterings. */
export async function pixelBaselines(
  store: BaselineStore,
  bench: Bench,
  { size, workers }: { size: number; workers: number },
  { key, classical }: { key: string; classical: readonly ClassicalName[] },
): Promise<Record<string, Baseline>> {
  const { cache, set, reporter } = bench;
  const { indices } = set;
  const rawPixels = pixelEncoder('rawPixels', { size, images: indices.length });
  const colorHistogram = pixelEncoder('colorHistogram', { size, images: indices.length });
  const embed = (encoder: ImageEncoder) => encoder.embed({ cache, indices }, { workers, reporter });
  const found: Record<string, Baseline> = {};
  // The spelling of the keys is part of compare.json.
  for (const [id, encoder] of Object.entries({ rawPixels, colourHistogram: colorHistogram })) {
    const { title, protocol } = encoder;
    reporter.progress({ stage: 'measure', text: `measuring ${title}` });
    const measured = await store.recall(title, key, async (engine) => {
      const { figures } = await measureFeatures(engine, bench, await embed(encoder), { title });
      return { figures, protocol: { features: protocol! }, labelFree: {} };
    });
    found[id] = baselineOf(title, measured.protocol!.features!, [measured]);
  }
  let pixels: Features | undefined;
  for (const name of classical) {
    reporter.progress({ stage: 'measure', text: `${name} on raw pixels` });
    const measured = await store.recall(`${name} on raw pixels`, key, async (engine) => {
      pixels ??= await embed(rawPixels);
      return { ...(await measureClassical(engine, bench, name, pixels)), labelFree: {} };
    });
    found[name] = baselineOf(`${name} on raw pixels`, measured.protocol!.features!, [measured]);
  }
  return found;
}

function baselineOf(
  name: string,
  protocol: string,
  measured: readonly MeasuredEncoder[],
): Baseline {
  return {
    name,
    protocol,
    ...summarizeFigures(measured.flatMap(({ figures }) => (figures ? [figures] : []))),
    labelFree: summarizeNumbers(measured.map(({ labelFree }) => labelFree)),
  };
}
