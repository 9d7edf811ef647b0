/** Schemas of the scores that a comparison stores: comparison.json of a run, and baselines.json. */
import { z } from 'zod';
import type { ComparedRun } from './comparison.ts';
import type { MeasuredEncoder } from './measure.ts';

const score = z.number().min(-1.001).max(1.001).nullable();
const clusters = { nmi: score, acc: score, ari: score };
const count = z.number().nonnegative();
const point = { knn: score, nmi: score };
const figures = z.looseObject({
  ...clusters,
  ...{ knn: score, knn20: score, linear: score },
  trainAndTest: z.looseObject(clusters),
  head: z
    .object({ test: z.looseObject(clusters), trainAndTest: z.looseObject(clusters) })
    .optional(),
});
const labelFree = z.record(z.string(), z.number());

/** Scores of one run. */
export const storedRun = z.looseObject({
  measured: z
    .object({ date: z.string(), version: z.string(), commit: z.string().optional() })
    .optional(),
  minutes: count.optional(),
  steps: count.optional(),
  epochs: count.optional(),
  figures: figures.optional(),
  labelFree: labelFree.optional(),
  curve: z.array(z.looseObject({ step: count, minutes: count, ...point })).optional(),
}) satisfies z.ZodType<Omit<ComparedRun, 'seed' | 'folder'>>;

/** Scores of a baseline. */
export const storedEncoder = z.looseObject({
  figures: figures.optional(),
  protocol: z.record(z.string(), z.string()).optional(),
  labelFree,
  point: z.looseObject(point).optional(),
}) satisfies z.ZodType<MeasuredEncoder>;
