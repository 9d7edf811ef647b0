/** Schemas of what the page sends, and their errors. */
import type { Context } from 'hono';
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { duplicateRules } from '../explore/index.ts';
import { clusterName, operationSchema } from '../run/index.ts';

/** Most rows of one request. */
const MAX_ROWS = 4_000_000;
/** Most rows of a request for paths. */
const MAX_PATHS = 2000;
const MAX_TEXT = 4096;

const wholeNumber = (text: string) => /^\d{1,10}$/.test(text);
const numberText = z.string().refine(wholeNumber, { error: 'expected a whole number' });
/** Number of a few digits with a point, such as 0.925. */
const numberFromText = z
  .string()
  .regex(/^\d(\.\d{1,6})?$/, { error: 'expected a number from 0 to 1' })
  .transform(Number);
const row = z
  .int()
  .nonnegative()
  .max(2 ** 32);
const rows = z.array(row).min(1).max(MAX_ROWS);
const text = (most = MAX_TEXT) => z.string().min(1).max(most);
const key = z.string().max(200);
const version = z.int().nonnegative();

/** Texts of URLs. */
export const params = {
  row: numberText.transform(Number).pipe(row),
  step: z.union([z.literal('final'), numberText.transform(Number)]),
  job: numberText.transform(Number),
  column: z.union([
    z.enum([
      ...(['cluster', 'confidence', 'margin', 'second', 'order', 'label'] as const),
      ...(['date', 'dated', 'width', 'height', 'bytes'] as const),
    ]),
    z.custom<`csv-${number}`>((name) => typeof name === 'string' && /^csv-\d{1,3}$/.test(name)),
  ]),
};

/** Queries of URLs. Others are refused. */
export const queries = {
  none: z.strictObject({}),
  paths: z.strictObject({
    rows: z
      .string()
      .transform((list) => list.split(','))
      .pipe(z.array(params.row).min(1).max(MAX_PATHS)),
  }),
  search: z.strictObject({ q: z.string().max(MAX_TEXT), folder: text().optional() }),
  duplicates: z.strictObject({
    threshold: numberFromText.pipe(z.number().min(0).max(1)),
    keep: z.enum(duplicateRules).default('best'),
    prefer: text().optional(),
  }),
  similar: z.strictObject({
    n: numberText.transform(Number).pipe(z.int().min(1).max(2000)).default(60),
  }),
  picture: z.strictObject({
    side: z.enum(['64', '256', '1024']).default('256').transform(Number),
  }),
  views: z.strictObject({ epoch: numberText.transform(Number).default(0) }),
  train: z.strictObject({ method: text(100).optional(), preset: text(100).optional() }),
  compare: z.strictObject({ run: text() }),
  events: z.strictObject({
    from: z.union([z.literal('end'), numberText.transform(Number)]).optional(),
  }),
};

/** JSON bodies. Other fields are refused. */
export const bodies = {
  edits: z.strictObject({
    key,
    version,
    operations: z.array(operationSchema(rows)).min(1).max(10_000),
  }),
  version: z.strictObject({ key, version }),
  key: z.strictObject({ key }),
  split: z.strictObject({ key, cluster: row, parts: z.int().min(2).max(20) }),
  takeAway: z.strictObject({
    key,
    what: z.enum(['folders', 'trash', 'csv', 'json', 'parquet', 'zip', 'html']),
    images: z.union([z.literal('all'), rows]),
    folder: text().optional(),
    by: z.enum(['copy', 'link']).optional(),
  }),
  restore: z.strictObject({ folder: text() }),
  open: z.strictObject({ run: text(), clustering: text(100).optional() }),
  cluster: z.strictObject({ k: z.int().min(1).max(1_000_000).optional() }),
  train: z.union([
    z
      .strictObject({
        // Bounds are those of the library, whose sentences the page shows beside the fields.
        ...{ minutes: z.number().optional(), epochs: z.number().optional() },
        ...{ method: text(100).optional(), preset: text(100).optional() },
        ...{ encoder: text().optional(), fineTune: z.boolean().optional() },
      })
      .refine(({ minutes, epochs }) => (minutes === undefined) !== (epochs === undefined)),
    z.strictObject({ resume: z.literal(true) }),
  ]),
  none: z.strictObject({}),
};

export { clusterName };

/** Checks a value of a request. @throws LikenessError `server.request` */
export function checked<S extends z.ZodType>(schema: S, value: unknown, name: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const place = [name, ...issue.path].join('.');
  throw new LikenessError('server.request', `${place}: ${issue.message}`);
}

/** Checks the query of a URL, in which no name may occur twice. */
export function queryOf<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  const all = c.req.queries();
  const twice = Object.keys(all).find((name) => all[name]!.length > 1);
  if (twice !== undefined) {
    throw new LikenessError(
      'server.request',
      `query.${twice}: received it twice; expected it once`,
    );
  }
  return checked(schema, c.req.query(), 'query');
}

/** Reads and checks a JSON body. */
export async function bodyOf<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  let value: unknown;
  try {
    value = JSON.parse(await c.req.text());
  } catch {
    throw new LikenessError('server.request', 'body: expected JSON');
  }
  return checked(schema, value, 'body');
}
