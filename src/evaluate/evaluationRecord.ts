/** The content of evaluation.json and of `evaluate --json`: stable names for scripts. */
import { UNTRAINED } from '../encoders/index.ts';
import type { ColorAgreement } from './colorAgreement.ts';
import type { EncoderEvaluation, EvaluationReport } from './evaluate.ts';
import type { Evaluation } from './evaluateFeatures.ts';
import type { LabelFreeReport } from './measureLabelFree.ts';
import { type Scores, verdictsOf } from './scores.ts';

/** The scores that most readers ask for; null where there are no labels or nothing to test on. */
export interface EvaluationRecord extends Scores {
  /** Encoder that was evaluated. */
  readonly encoder: { readonly id: string; readonly title: string };
  readonly labelled: boolean;
  readonly k?: number;
  readonly nmi: number | null;
  readonly acc: number | null;
  readonly ari: number | null;
  readonly knn: { readonly accuracy: number | null };
  readonly linear: { readonly accuracy: number | null };
  readonly baselines: Readonly<
    Record<
      string,
      Partial<Scores> & {
        /** Name of a model before a run trained it further, which stands as `untrained`. */
        readonly title?: string;
        readonly labelFree?: LabelFreeReport;
      }
    >
  >;
  readonly labelFree?: LabelFreeReport;
  /** Agreement of the clusters with color, which needs no labels. */
  readonly colorAgreement?: ColorAgreement;
  /** Texts of the verdicts. */
  readonly verdict?: readonly string[];
  readonly protocol: Readonly<Record<string, string>>;
}

/** Names of encoders in files; they differ from the ids where a file's spelling is older. */
const storedNames: Readonly<Record<string, string>> = { colorHistogram: 'colourHistogram' };

/** Builds the record of an evaluation whose first encoder is the evaluated one. */
export function evaluationRecord(
  { set, encoders, chance }: EvaluationReport,
  { labelNames }: { labelNames?: readonly string[] } = {},
): EvaluationRecord {
  const [own, ...others] = encoders;
  const { id, title, scores, labelFree, colorAgreement } = own!;
  const encoder = { id, title };
  const kmeans = kmeansBaseline(own!);
  const baselines = Object.fromEntries(
    [...(kmeans ? [kmeans] : []), ...others].map((other) => [storedName(other), baselineOf(other)]),
  );
  const protocol = { ...protocolOf(encoders), ...(set.note && { images: set.note }) };
  if (!scores) return { ...UNLABELED, encoder, baselines, labelFree, colorAgreement, protocol };
  const { protocol: _, ...figures } = scoresOf(scores);
  return {
    labelled: true,
    encoder,
    classes: set.classes,
    k: scores.clustering.k,
    ...figures,
    classNames: figures.confusion.classes.map(
      (value) => labelNames?.[Number(value)] ?? String(value),
    ),
    chance,
    baselines,
    labelFree,
    colorAgreement,
    verdict: reportVerdicts(encoders).map(({ text }) => text),
    protocol,
  } as EvaluationRecord;
}

/** Name of plain k-means on the features of a pretrained model, in sentences. */
export const KMEANS_TITLE = 'plain k-means on the same features';

/**
 * Name of k-means beside other clusters of an encoder, in tables. A head has features of its
 * model.
 */
export function kmeansTitle({ id, title }: { id: string; title: string }): string {
  return id === 'model' ? 'k-means on the same features' : `${title}, k-means`;
}

/**
 * Plain k-means on the features of a pretrained model, as a baseline of other clusters of them:
 * those of a head, or of another algorithm. Its kNN and linear accuracies are those of the
 * features.
 */
function kmeansBaseline({ id, scores }: EncoderEvaluation): EncoderEvaluation | undefined {
  if (id !== 'model' || !scores) return undefined;
  const { k: _, iterations: __, converged: ___, ...figures } = scores.kmeans;
  return { id: 'kmeans', title: KMEANS_TITLE, scores: { ...scores, ...figures } };
}

/** The verdicts on the first encoder of an evaluation. */
export function reportVerdicts(encoders: EvaluationReport['encoders']) {
  const [own, ...others] = encoders;
  const kmeans = own && kmeansBaseline(own);
  const compared = own ? [own, ...(kmeans ? [kmeans] : []), ...others] : [];
  return verdictsOf(
    compared.flatMap(({ title, scores }) => (scores ? [{ title, scores: scoresOf(scores) }] : [])),
  );
}

/** Description of how each score was obtained, by its name. */
export function protocolOf(encoders: EvaluationReport['encoders']): Record<string, string> {
  const features = encoders.flatMap((encoder) =>
    encoder.protocol === undefined ? [] : [[storedName(encoder), encoder.protocol]],
  );
  return { ...encoders[0]?.scores?.protocol, ...Object.fromEntries(features) };
}

const UNLABELED = {
  labelled: false,
  nmi: null,
  acc: null,
  ari: null,
  ami: null,
  fmi: null,
  nmiGeometric: null,
  purity: null,
  fewLabels: {},
  knn: { accuracy: null },
  linear: { accuracy: null },
};

function storedName({ id }: EncoderEvaluation): string {
  return storedNames[id] ?? id;
}

/** Scores of a baseline; clusters by class are stored for the evaluated encoder alone. */
function baselineOf({ id, title, scores, labelFree }: EncoderEvaluation) {
  const own = id === 'untrained' && title !== UNTRAINED ? { title } : {};
  if (!scores) return { ...own, labelFree };
  const { protocol: _, confusion: __, purityTable: ___, ...figures } = scoresOf(scores);
  return { ...own, ...figures, ...(labelFree && { labelFree }) };
}

/** Adds the accuracies with 10, 20 and 100 neighbors; `knn.accuracy` is that of 200. */
export function scoresOf(evaluation: Evaluation) {
  const { knn } = evaluation;
  const of = (k: number) => knn.all.find(({ requested }) => requested === k)?.accuracy ?? null;
  const further = { accuracy10: of(10), accuracy20: of(20), accuracy100: of(100) };
  return { ...evaluation, knn: { ...knn, ...further } };
}
