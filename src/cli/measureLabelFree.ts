/** What can be measured of an encoder, its head and its prototypes without labels. */
import {
  assign,
  distinctRows,
  type Features,
  normalizeRows,
  simplifiedSilhouette,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import type { PixelCache } from '../data/index.ts';
import {
  type EffectiveRank,
  effectiveRank,
  featureDeviation,
  type NeighbourConsistency,
  neighbourConsistency,
  type Usage,
  usage,
  type ViewAgreement,
  viewAgreement,
} from '../evaluate/index.ts';
import { type Settings, viewsOf } from '../methods/index.ts';
import { type Head, mostProbable, openEncoder, openHead } from '../run/index.ts';
import type { Engine, Values } from '../runtime/index.ts';
import { openLoader } from '../views/index.ts';

export interface LabelFreeReport {
  /** Spread of images over the prototypes, or over the clusters that the method learns; absent where there are neither. */
  readonly prototypeUsage?: Usage;
  /** Whether two random views of an image have the same nearest prototype, or learned cluster; absent where there are none. */
  readonly viewAgreement?: ViewAgreement;
  /** Of the encoder's features. */
  readonly featureDeviation: number;
  readonly effectiveRank: EffectiveRank;
  /** Of the head's embeddings, which the prototypes live among. */
  readonly embeddingDeviation: number;
  readonly embeddingRank: EffectiveRank;
  /** Of stored clusters, where there are any. */
  readonly clusters?: {
    readonly k: number;
    readonly silhouette: number;
    readonly neighbourConsistency?: NeighbourConsistency;
  };
}

export interface MeasureOptions {
  engine: Engine;
  settings: Settings;
  state: Values;
  cache: PixelCache;
  indices: Uint32Array;
  /** The encoder's features of these images, not normalised. */
  features: Features;
  /** Stored clusters: the number of each image, and their centroids. */
  clusters?: { assignments: Int32Array; centroids: Features };
  seed: number;
  signal?: AbortSignal;
}

/** Images of which two views are made, and images per step. */
const VIEWED = 1024;
const BATCH = 128;

/** Measures one encoder with its head and prototypes. */
export async function measureLabelFree(options: MeasureOptions): Promise<LabelFreeReport> {
  const { engine, settings, state, features, clusters, seed } = options;
  const head = await openHead({ engine, settings, state });
  try {
    const z = await head.project(features);
    const choice = choiceOf(engine, head);
    return {
      ...(choice && {
        prototypeUsage: usage(await choice.choose(features), choice.of),
        viewAgreement: await agreementOfViews(choice, options),
      }),
      featureDeviation: featureDeviation(features),
      effectiveRank: await effectiveRank(engine, features, { seed }),
      embeddingDeviation: featureDeviation(z),
      embeddingRank: await effectiveRank(engine, z, { seed }),
      ...(clusters && { clusters: await ofClusters(engine, features, clusters, seed) }),
    };
  } finally {
    await head.close();
  }
}

/** What a method can choose for an image: the nearest prototype, or the most probable of the clusters that it learns. */
interface Choice {
  /** How many there are to choose from. */
  of: number;
  /** One per row of the encoder's features. */
  choose(features: Features): Promise<Int32Array>;
}

function choiceOf(
  engine: Engine,
  { prototypes, project, assign: probabilitiesOf, clusters }: Head,
): Choice | undefined {
  if (prototypes) {
    return {
      of: prototypes.count,
      choose: async (features) => (await assign(engine, await project(features), prototypes)).assignments,
    };
  }
  return (
    probabilitiesOf && {
      of: clusters!,
      choose: async (features) => mostProbable(await probabilitiesOf(features)),
    }
  );
}

/** Two random views per image, as in training, through encoder and head to what the method chooses. */
async function agreementOfViews(
  { choose }: Choice,
  { engine, settings, state, cache, indices, seed, signal }: MeasureOptions,
): Promise<ViewAgreement> {
  const views = viewsOf(settings);
  const big = views.crops[0]!;
  const batchSize = Math.min(BATCH, indices.length);
  const taken = Math.floor(Math.min(VIEWED, indices.length) / batchSize) * batchSize;
  const drawn = distinctRows(indices.length, taken, randomAt(seed, 'sample', 0, 0, 8));
  const loader = openLoader({
    cache,
    indices: Uint32Array.from(drawn, (i) => indices[i]!),
    views: { ...views, crops: [{ ...big, count: 2 }] },
    batchSize,
    seed,
    workers: settings.workers,
  });
  const encoder = await openEncoder({
    engine,
    settings: { ...settings, imageSize: big.size },
    state,
    batchSize,
  });
  const found = [new Int32Array(taken), new Int32Array(taken)] as const;
  try {
    for (let step = 0; step < loader.stepsPerEpoch; step++) {
      signal?.throwIfAborted();
      const { crops } = await loader.batch(0, step);
      const each = crops[0]!.length / 2;
      for (const view of [0, 1] as const) {
        const data = await encoder.run(crops[0]!.slice(view * each, (view + 1) * each));
        const features = { data, count: batchSize, dimension: encoder.dimension };
        found[view].set(await choose(features), step * batchSize);
      }
    }
  } finally {
    await Promise.allSettled([loader.close(), encoder.close()]);
  }
  return viewAgreement(...found);
}

async function ofClusters(
  engine: Engine,
  features: Features,
  { assignments: clusters, centroids }: NonNullable<MeasureOptions['clusters']>,
  seed: number,
) {
  const unit = normalizeRows(features);
  return {
    k: centroids.count,
    silhouette: (await simplifiedSilhouette(engine, unit, clusters, centroids)).mean,
    neighbourConsistency:
      features.count > 1 ? await neighbourConsistency(engine, features, clusters, { seed }) : undefined,
  };
}
