/** What the methods of a comparison are set beside: each measured once and kept in the comparison's folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Engine, openEngine } from '../backends/index.ts';
import type { Features } from '../cluster/index.ts';
import { type ImageEncoder, pixelEncoder, trainedEncoder, untrainedState } from '../encoders/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { encoderOptions, type Settings } from '../methods/index.ts';
import { type ClassicalName, measureClassical } from './classical.ts';
import type { Baseline, CurvePoint } from './comparison.ts';
import { type Bench, type MeasuredEncoder, measureEncoder, measureFeatures } from './measure.ts';
import { summariseFigures, summariseNumbers } from './summary.ts';

/** What is kept: one entry per thing measured, by name; the key says what it was measured on. */
type Kept = Record<string, { key: string; measured: MeasuredEncoder }>;

export interface BaselineStore {
  /** What was measured before under this name and key, or what `measure` finds now, which is kept. */
  recall(
    name: string,
    key: string,
    measure: (engine: Engine) => Promise<MeasuredEncoder>,
  ): Promise<MeasuredEncoder>;
}

/** The measurements in `baselines.json` of a comparison's folder. */
export async function openBaselines(
  folder: string,
  { threads }: { threads: number },
): Promise<BaselineStore> {
  const file = join(folder, 'baselines.json');
  let kept: Kept = {};
  try {
    kept = JSON.parse(await readFile(file, 'utf8')) as Kept;
  } catch {
    // Not there yet.
  }
  return {
    async recall(name, key, measure) {
      const known = kept[name];
      if (known?.key === key) return known.measured;
      const engine = await openEngine({ threads });
      try {
        const measured = await measure(engine);
        kept[name] = { key, measured };
        await writeFileAtomic(file, `${JSON.stringify(kept, null, 2)}\n`);
        return measured;
      } finally {
        await engine.close();
      }
    },
  };
}

/** What an encoder without training depends on: every option of the network, and how images enter it. */
export function encoderKey(settings: Settings): string {
  const { imageSize, mean, std } = settings;
  const network = Object.entries(encoderOptions(settings)).map(([name, value]) => `${name} ${value}`);
  return `${network.join(', ')}, at ${imageSize} px, normalised by ${mean} and ${std}`;
}

export interface Untrained {
  readonly baseline: Baseline;
  /** Where each seed's curve begins. */
  readonly starts: ReadonlyMap<number, CurvePoint>;
}

const UNTRAINED =
  "the weights that the runs started from, one per seed, running statistics measured on these images' evaluation views";

/** The untrained encoder of some settings, over the seeds. */
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
    const own: Settings = { ...settings, seed };
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

/** Raw pixels, colour histograms, and the classical clusterings asked for. */
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
  // The key of the histogram is part of compare's files.
  for (const [id, encoder] of Object.entries({ rawPixels, colourHistogram: colorHistogram })) {
    const { title, protocol } = encoder;
    reporter.progress({ stage: 'measure', text: `measuring ${title}` });
    const measured = await store.recall(title, key, async (engine) => {
      const { figures } = await measureFeatures(engine, bench, await embed(encoder));
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

function baselineOf(name: string, protocol: string, measured: readonly MeasuredEncoder[]): Baseline {
  return {
    name,
    protocol,
    ...summariseFigures(measured.flatMap(({ figures }) => (figures ? [figures] : []))),
    labelFree: summariseNumbers(measured.map(({ labelFree }) => labelFree)),
  };
}
