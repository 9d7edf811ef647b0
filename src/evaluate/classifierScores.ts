/**
 * Accuracy of classifiers on frozen features: weighted kNN, a linear probe, and the probe with few
 * labels.
 */

import type { Engine } from '../backends/index.ts';
import { type Features, normalizeRows, selectRows } from '../cluster/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { countStage } from '../core/stage.ts';
import { type FewLabelsResult, fewLabels } from './fewLabels.ts';
import { type KnnResult, knn } from './knn.ts';
import { type FitOptions, linearProbe } from './linearProbe.ts';
import type { Split } from './split.ts';

export interface ClassifierEvaluation {
  /** Of the largest k; `all` has each. null where there is nothing to test on. */
  readonly knn: {
    readonly accuracy: number | null;
    readonly k: number | null;
    readonly all: readonly KnnResult[];
  };
  readonly linear: {
    readonly accuracy: number | null;
    readonly trainAccuracy: number | null;
    readonly epochs: number;
  };
  /**
   * Accuracy of a linear classifier by the fraction of labels that it was trained with ("0.01": 1
   * %).
   */
  readonly fewLabels: Readonly<Record<string, FewLabelsResult>>;
}

export interface ClassifierProtocol {
  readonly knn: string;
  readonly linear: string;
  readonly fewLabels?: string;
}

export interface ClassifierOptions {
  split: Split;
  /** Numbers k of neighbors. */
  neighbors: readonly number[];
  /** Temperature T of the neighbors' weights. */
  temperature: number;
  probe: Omit<FitOptions, 'seed' | 'signal'>;
  /** Fractions of the training labels that further probes are trained with. */
  labelShares: readonly number[];
  seed: number;
  /** Name of the features in reports of progress. */
  title: string;
  reporter: Reporter;
}

/** Seeded draws of few labels that are averaged. */
const DRAWS = 3;

interface Scored {
  result: ClassifierEvaluation;
  protocol: ClassifierProtocol;
}

const NONE = 'not measured: no class has two labeled images, so nothing is left to test on';

/** Fits classifiers on the train rows of features [N, F] and measures them on the test rows. */
export async function scoreClassifiers(
  engine: Engine,
  { features, labels }: { features: Features; labels: Int32Array },
  { split, neighbors, temperature, probe, labelShares, seed, title, reporter }: ClassifierOptions,
): Promise<Scored> {
  if (split.test.length === 0) {
    return {
      result: {
        knn: { accuracy: null, k: null, all: [] },
        linear: { accuracy: null, trainAccuracy: null, epochs: 0 },
        fewLabels: {},
      },
      protocol: { knn: NONE, linear: NONE },
    };
  }
  const part = (rows: Int32Array) => ({
    // Unit rows, so that the classifiers see the same features as the neighbors.
    features: normalizeRows(selectRows(features, rows)),
    labels: Int32Array.from(rows, (row) => labels[row]!),
  });
  const [train, test] = [part(split.train), part(split.test)];
  const named = (text: string, unit: string) => ({
    ...{ stage: 'measure', text: `${title}: ${text}`, unit },
  });
  const near = await knn(engine, train, test, {
    ...{ k: neighbors, temperature },
    onProgress: countStage(reporter, named('nearest neighbors', 'image')),
  });
  const options = { ...probe, seed, signal: reporter.signal };
  const { accuracy, trainAccuracy, epochs, protocol } = await linearProbe(engine, train, test, {
    ...options,
    onProgress: countStage(reporter, named('linear classifier', 'step')),
  });
  const count = countStage(reporter, named('classifiers with few labels', 'classifier'));
  const few =
    labelShares.length === 0
      ? []
      : await fewLabels(engine, train, test, {
          ...{ ...options, shares: labelShares, draws: DRAWS },
          onProgress: (done) => count(done, DRAWS * labelShares.length),
        });
  const widest = near.reduce((best, result) => (result.requested > best.requested ? result : best));
  return {
    result: {
      knn: { accuracy: widest.accuracy, k: widest.k, all: near },
      linear: { accuracy, trainAccuracy, epochs },
      fewLabels: Object.fromEntries(few.map((result) => [String(result.share), result])),
    },
    protocol: {
      knn: describeKnn(near, temperature),
      linear: protocol,
      ...(few.length > 0 && { fewLabels: describeFewLabels(few) }),
    },
  };
}

function describeKnn(results: readonly KnnResult[], temperature: number): string {
  const each = results.map(({ k, requested }) =>
    k === requested ? `${k}` : `${k} (all there are; ${requested} asked)`,
  );
  const k = `${each.slice(0, -1).join(', ')}${each.length > 1 ? ' and ' : ''}${each.at(-1)}`;
  return `weighted by exp(cosine / ${temperature}), k = ${k}, test images against train images`;
}

function describeFewLabels(results: readonly FewLabelsResult[]): string {
  const each = results.map(
    ({ share, labels }) =>
      `${Number((share * 100).toFixed(4))} % (${labels} label${labels === 1 ? '' : 's'})`,
  );
  return (
    `the same classifier trained with ${each.join(' and ')} of the training labels, ` +
    'of each class its share, at least one; columns centered, and divided by one number, by all ' +
    `training images; mean of ${results[0]!.draws} seeded draws`
  );
}
