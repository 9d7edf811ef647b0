/** Warnings on features that are the same for all images. */
import { partsOf, type Rows, unitRows } from '../cluster/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import { countDistinct } from '../data/index.ts';
import {
  type ComparedSet,
  type ImageEncoder,
  type RowsSeen,
  rowsSeen,
  sayIfSame,
} from '../encoders/index.ts';

type Named = Pick<ImageEncoder, 'id' | 'title'>;

/** Warns where rows that were seen are the same for images that differ. */
export function warnOfSame(
  encoder: Named,
  { set, seen, reporter }: { set: ComparedSet; seen: RowsSeen; reporter: Reporter },
): void {
  const message = sayIfSame(encoder, set, seen);
  if (message) reporter.warn({ code: 'features.same', message });
}

/** Warns where the directions of all features, which are clustered, or all images are the same. */
export async function warnOfOneGroup(
  encoder: Named,
  { set, features, reporter }: { set: ComparedSet; features: Rows; reporter: Reporter },
): Promise<void> {
  const seen = rowsSeen(features.dimension);
  for await (const { data } of partsOf(unitRows(features))) {
    seen.add(data);
    if (seen.differ) return;
  }
  warnOfSame(encoder, { set, seen, reporter });
  const { cache, indices } = set;
  if (!seen.areSame || countDistinct(cache, indices) > 1) return;
  const count = plural(indices.length, 'image');
  const message = `${count} have the same pixels, so they are one group. Add other images.`;
  reporter.warn({ code: 'cluster.identical', message });
}
