/** Changes by a person, as edits.json stores them: images are named by their ids. */
import { z } from 'zod';
import { rows } from './limits.ts';

/** Most operations of a file. */
const MAX_OPERATIONS = 1_000_000;
/** Most characters of the name of a cluster. */
export const MAX_NAME = 120;

const cluster = () => rows();
const ids = () => z.array(z.string().min(1)).min(1);

/** Name of a cluster: one line of text, or none. */
export const clusterName = z
  .string()
  .max(MAX_NAME)
  .refine((name) => !/[\p{Cc}\u2028\u2029]/u.test(name), { error: 'expected one line of text' })
  .transform((name) => name.normalize('NFC').trim());

/** Schemas of all operations, with images of type `image`. */
export function operationSchema<Images extends z.ZodType>(images: Images) {
  return z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('name'), cluster: cluster(), name: clusterName }),
    z.strictObject({
      type: z.literal('merge'),
      clusters: z.array(cluster()).min(1).max(100_000),
      into: cluster(),
    }),
    z.strictObject({
      type: z.literal('split'),
      cluster: cluster(),
      parts: z.array(images).min(1).max(1000),
    }),
    z.strictObject({
      type: z.literal('move'),
      images,
      to: z.union([cluster(), z.literal('new')]),
    }),
    z.strictObject({ type: z.literal('lock'), cluster: cluster(), locked: z.boolean() }),
    z.strictObject({ type: z.literal('junk'), images, junk: z.boolean() }),
    z.strictObject({
      type: z.literal('duplicates'),
      /** Images that stay where they are. */
      keep: images.optional(),
      /** Images that are to be moved away. */
      move: images.optional(),
      /** Images for which the rule decides again. */
      byRule: images.optional(),
    }),
  ]);
}

/** Operation of edits.json. */
export const operation = operationSchema(ids());
export type Operation = Readonly<z.output<typeof operation>>;

export const operations = () => z.array(operation).max(MAX_OPERATIONS);

/** Returns true where operations change clusters, and not decisions about duplicates alone. */
export function changesClusters(done: readonly Operation[]): boolean {
  return done.some(({ type }) => type !== 'duplicates');
}

/** Describes an operation for people, such as `name cluster 3 "shoes"`. */
export function describeOperation(done: Operation): string {
  const images = (count: number) => `${count} image${count === 1 ? '' : 's'}`;
  switch (done.type) {
    case 'name':
      return done.name === ''
        ? `remove the name of cluster ${done.cluster}`
        : `name cluster ${done.cluster} "${done.name}"`;
    case 'merge':
      return `merge ${done.clusters.join(', ')} into ${done.into}`;
    case 'split':
      return `split cluster ${done.cluster}`;
    case 'move': {
      const to = done.to === 'new' ? 'a new cluster' : done.to;
      return `move ${images(done.images.length)} to ${to}`;
    }
    case 'lock':
      return `${done.locked ? 'lock' : 'unlock'} cluster ${done.cluster}`;
    case 'junk':
      return `${done.junk ? 'mark' : 'unmark'} ${images(done.images.length)} as junk`;
    case 'duplicates': {
      const { keep = [], move = [], byRule = [] } = done;
      const all = keep.length + move.length;
      return all > 0
        ? `keep ${keep.length} of ${all} duplicates`
        : `follow the rule for ${byRule.length} duplicates`;
    }
  }
}
