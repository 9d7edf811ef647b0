/** Formats the measured near-duplicates beside a perceptual hash. */
import { type DuplicatesRow, percent, type SearchRow } from '../bench/duplicates.ts';
import { variantKinds } from '../bench/duplicateVariants.ts';
import { caption } from './caption.ts';
import { markdown, type StoredRows, stored } from './stored.ts';

/** Formats precision at equal recall, recall by kind of variant, and figures by threshold. */
export function duplicatesText(): string {
  const found = stored<StoredRows<DuplicatesRow>>('duplicates');
  if (!found) return 'Not measured yet: `npm run bench -- duplicates <sources>`.';
  const { rows } = found;
  const { all, originals, copies, images } = rows[0]!;
  const fixed = rows.flatMap((row) => row.fixed ?? []);
  const number = (value: number) => value.toLocaleString('en-US');
  return [
    `${number(originals)} originals and six variants of each, ${number(images)} images. ` +
      `${copies} more drawn photos were left out because both tools took them for copies.`,
    '',
    'Precision of pairs at equal recall:',
    '',
    markdown([
      ['tool', 'pairs', ...all.map(({ recall }) => `recall ${percent(recall)}`)],
      ...rows.flatMap(({ tool, all, unmirrored }) => [
        [tool, 'all', ...all.map(({ precision }) => percent(precision))],
        [tool, 'without mirrored images', ...unmirrored.map(({ precision }) => percent(precision))],
      ]),
    ]),
    '',
    'A dash stands for a recall that the tool does not reach within 24 bits. Recall of variants at ' +
      'the threshold where 99% of all found pairs are right:',
    '',
    markdown([
      ['tool', ...variantKinds],
      ...rows.map(({ tool, recallByKind }) => [
        tool,
        ...variantKinds.map((kind) => percent(recallByKind[kind])),
      ]),
    ]),
    '',
    'Thresholds of likeness:',
    '',
    markdown([
      ['threshold', 'recall', 'precision'],
      ...fixed.map((row) => [
        row.threshold.toFixed(2),
        percent(row.recall),
        percent(row.precision),
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}

/** Formats the time of the search among synthetic descriptors. */
export function duplicatesSearchText(): string {
  const found = stored<StoredRows<SearchRow>>('duplicates-search');
  if (!found) return 'Not measured yet: `npm run bench -- duplicates-search`.';
  return [
    markdown([
      ['images', 'pairs found', 'seconds of one core'],
      ...found.rows.map(({ images, pairs, seconds }) => [
        images.toLocaleString('en-US'),
        pairs.toLocaleString('en-US'),
        seconds.toFixed(1),
      ]),
    ]),
    '',
    caption(found),
  ].join('\n');
}
