/** evaluation.json: what `likeness evaluate` measured last. */
import { z } from 'zod';
import { clusterAlgorithms } from '../cluster/index.ts';
import { readJson, readJsonIfValid, writeJson } from './json.ts';
import { agreement, rows, steps } from './limits.ts';

const score = agreement().nullish();
const accuracy = z.looseObject({
  accuracy: score,
  accuracy10: score,
  accuracy20: score,
  accuracy100: score,
});
const scores = {
  nmi: score,
  acc: score,
  ari: score,
  ami: score,
  fmi: score,
  nmiGeometric: score,
  purity: score,
  knn: accuracy.optional(),
  linear: accuracy.optional(),
  fewLabels: z.record(z.string(), accuracy.optional()).optional(),
};

const schema = z.looseObject({
  /** Hash of images, encoder and options, the same for the same evaluation. Absent in old files. */
  key: z.string().optional(),
  /** Absolute path of the source that was measured. */
  source: z.string(),
  /** Step of the checkpoint. */
  step: steps(),
  /** Encoder that was measured; absent in files of before there was more than one kind. */
  encoder: z.object({ id: z.string(), title: z.string() }).optional(),
  labelled: z.boolean(),
  ...scores,
  /** Number of clusters that agreement was measured with. */
  k: rows().nullish(),
  classes: rows().nullish(),
  clustering: z.looseObject({ by: z.enum(['head', ...clusterAlgorithms]).optional() }).optional(),
  /** Scores of k-means on the same features. */
  kmeans: z.looseObject({ ...scores, k: rows().optional() }).optional(),
  /** Scores of encoders without training, by name. */
  baselines: z
    .record(z.string(), z.looseObject({ title: z.string().optional(), ...scores }).optional())
    .optional(),
  /** Sentences that tell how each score was obtained, by name. */
  protocol: z.record(z.string(), z.unknown()).optional(),
});

/** Scores as stored, 0 to 1 (ARI from -0.5); null or absent where not measured. */
export type StoredEvaluation = z.output<typeof schema>;

/** Writes an evaluation, whose further fields are kept. @throws LikenessError `write.*` */
export async function writeEvaluation(file: string, evaluation: object): Promise<void> {
  schema.parse(evaluation);
  // As given: the schema would put its own fields first.
  await writeJson(file, evaluation);
}

/** Reads the last evaluation. @throws LikenessError `json.missing`, `json.malformed` */
export function readEvaluation(file: string): Promise<StoredEvaluation> {
  return readJson(file, schema);
}

/** Reads the last evaluation; undefined where there is none that can be read. */
export function readEvaluationIfValid(file: string): Promise<StoredEvaluation | undefined> {
  return readJsonIfValid(file, schema);
}
