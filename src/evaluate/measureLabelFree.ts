/** Measures an encoder, its heads and its prototypes without labels. */
import type { Engine } from '../backends/index.ts';
import {
  allRows,
  assign,
  distinctRows,
  type Features,
  mostProbable,
  normalizeRows,
  simplifiedSilhouette,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import type { PixelCache } from '../data/index.ts';
import type { EncoderHeads, ImageEncoder } from '../encoders/index.ts';
import { openLoader, type ViewsSpec } from '../views/index.ts';
import {
  type EffectiveRank,
  effectiveRank,
  featureDeviation,
  type NeighborConsistency,
  neighborConsistency,
  type Usage,
  usage,
  type ViewAgreement,
  viewAgreement,
} from './labelFree.ts';

export interface LabelFreeReport {
  /** Spread of images over the prototypes or learned clusters; absent where there are neither. */
  readonly prototypeUsage?: Usage;
  /**
   * Fraction of images whose two random views have the same nearest prototype, or learned cluster.
   */
  readonly viewAgreement?: ViewAgreement;
  /** Of the encoder's features. */
  readonly featureDeviation: number;
  readonly effectiveRank: EffectiveRank;
  /** Of the head's embeddings, the space of the prototypes; absent for encoders without a head. */
  readonly embeddingDeviation?: number;
  readonly embeddingRank?: EffectiveRank;
  /** Of stored clusters, where there are any. */
  readonly clusters?: {
    readonly k: number;
    readonly silhouette: number;
    readonly neighbourConsistency?: NeighborConsistency;
  };
}

/** Clusters of the measured images. */
export interface GivenClusters {
  readonly assignments: Int32Array;
  readonly centroids: Features;
}

export interface MeasureOptions {
  engine: Engine;
  encoder: ImageEncoder;
  /** Random views as in training; the agreement of two views takes the first kind of crop. */
  views: ViewsSpec;
  cache: PixelCache;
  indices: Uint32Array;
  /** Features of these images, not normalized. */
  features: Features;
  /** Stored clusters of these images. */
  clusters?: GivenClusters;
  seed: number;
  workers?: number;
  reporter?: Reporter;
}

/** Images that two views are made of, and images per step. */
const MAX_VIEWED = 1024;
const BATCH = 128;

/** Measures an encoder with its heads and prototypes, where it has them. */
export async function measureLabelFree(options: MeasureOptions): Promise<LabelFreeReport> {
  const { engine, encoder, features, clusters, seed, reporter = reporterOf() } = options;
  const { heads } = encoder;
  const z = heads && (await allRows(heads.project(features))); // [N, D]
  const choice = heads && choiceOf(engine, heads);
  const chosen = choice && {
    prototypeUsage: usage(await choice.choose(features), choice.count),
    viewAgreement: await agreementOfViews(choice, options),
  };
  reporter.progress({ stage: 'measure', text: `${encoder.title}: effective rank` });
  return {
    ...chosen,
    featureDeviation: featureDeviation(features),
    effectiveRank: await effectiveRank(engine, features, { seed }),
    ...(z && {
      embeddingDeviation: featureDeviation(z),
      embeddingRank: await effectiveRank(engine, z, { seed }),
    }),
    ...(clusters && { clusters: await measureClusters(engine, features, clusters, seed) }),
  };
}

/**
 * A method's own choice for an image: its nearest prototype, or its most probable learned cluster.
 */
interface Choice {
  /** Number of prototypes or clusters. */
  count: number;
  /** Chooses for each row of the encoder's features. */
  choose(features: Features): Promise<Int32Array>;
}

function choiceOf(engine: Engine, heads: EncoderHeads): Choice | undefined {
  const { prototypes, assign: probabilitiesOf, clusters } = heads;
  if (prototypes) {
    return {
      count: prototypes.count,
      choose: async (features) =>
        (await assign(engine, heads.project(features), prototypes)).assignments,
    };
  }
  return (
    probabilitiesOf && {
      count: clusters!,
      choose: async (features) => mostProbable(await probabilitiesOf(features)),
    }
  );
}

/**
 * Passes two random views per image, as in training, through the encoder to the method's own
 * choice.
 */
async function agreementOfViews(
  { choose }: Choice,
  { encoder, views, cache, indices, seed, workers, reporter = reporterOf() }: MeasureOptions,
): Promise<ViewAgreement> {
  const crop = views.crops[0]!;
  const size = encoder.resized ? crop.size : encoder.input.size;
  const batchSize = Math.min(BATCH, indices.length);
  const count = Math.floor(Math.min(MAX_VIEWED, indices.length) / batchSize) * batchSize;
  const drawn = distinctRows(indices.length, count, randomAt(seed, 'viewAgreement'));
  const loader = openLoader({
    cache,
    indices: Uint32Array.from(drawn, (i) => indices[i]!),
    views: { ...views, crops: [{ ...crop, size, count: 2 }] },
    batchSize,
    seed,
    workers,
  });
  const found = [new Int32Array(count), new Int32Array(count)] as const;
  const { dimension } = encoder;
  let sized: ImageEncoder | undefined;
  try {
    sized = await encoder.resized?.({ size, batchSize });
    const { embedViews } = sized ?? encoder;
    const onProgress = beginStage(reporter, {
      ...{ stage: 'measure', text: `${encoder.title}: agreement of two views`, unit: 'image' },
      total: count,
    });
    for (let step = 0; step < loader.stepsPerEpoch; step++) {
      reporter.signal.throwIfAborted();
      const { crops } = await loader.batch(0, step);
      const length = crops[0]!.length / 2;
      for (const view of [0, 1] as const) {
        const pixels = crops[0]!.slice(view * length, (view + 1) * length);
        const data = await embedViews(pixels); // [B, F]
        found[view].set(await choose({ data, count: batchSize, dimension }), step * batchSize);
      }
      onProgress((step + 1) * batchSize);
    }
  } finally {
    await Promise.allSettled([loader.close(), sized?.close()]);
  }
  return viewAgreement(...found);
}

async function measureClusters(
  engine: Engine,
  features: Features,
  { assignments, centroids }: GivenClusters,
  seed: number,
) {
  const unit = normalizeRows(features);
  return {
    k: centroids.count,
    silhouette: (await simplifiedSilhouette(engine, unit, assignments, centroids)).mean,
    neighbourConsistency:
      features.count > 1
        ? await neighborConsistency(engine, features, assignments, { seed })
        : undefined,
  };
}
