/**
 * Compares the suggested number of clusters with the number of classes, on stored features with
 * labels. Labels serve the comparison only.
 *
 * `likeness embed <source> --encoder patches --out <set>.npy` writes features with their labels
 * beside them, and any other encoder's features can be stored in the same form.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Engine } from '../src/backends/index.ts';
import { type Features, featuresOf, suggestK } from '../src/cluster/index.ts';
import { decodeCsv, decodeNpy } from '../src/formats/index.ts';

export interface SuggestedRow {
  /** Name of the set, and of the encoder. */
  readonly name: string;
  readonly encoder: string;
  readonly images: number;
  /** Number of labels. Of a single one no number should be found. */
  readonly classes: number;
  readonly suggested: number;
  readonly range: readonly [number, number];
  readonly found: boolean;
  /** Assortativity above chance at the suggested number of groups, 0 to 1. */
  readonly score: number;
  readonly seconds: number;
}

/** Reads features [N, D] with the labels beside them, [N]. */
export function labeledFeatures(file: string): { features: Features; labels: string[] } {
  const { shape, data } = decodeNpy(new Uint8Array(readFileSync(file)), file);
  const features = featuresOf(Float32Array.from(data as Float32Array), shape[1]!);
  const [head, ...rows] = decodeCsv(readFileSync(`${file}.ids.csv`, 'utf8'), `${file}.ids.csv`);
  const label = head!.indexOf('label');
  if (label < 0 || rows.length !== features.count) {
    throw new Error(
      `${file}.ids.csv: received ${rows.length} rows${label < 0 ? ' without labels' : ''}; ` +
        `expected ${features.count} rows with a column "label". Write both files with likeness ` +
        'embed, from a labeled source.',
    );
  }
  return { features, labels: rows.map((row) => row[label]!) };
}

/** Suggests K for the features of one file. */
export async function suggestForFile(
  engine: Engine,
  file: string,
  encoder: string,
): Promise<SuggestedRow> {
  const { features, labels } = labeledFeatures(file);
  const started = performance.now();
  const { best, range, found, curve } = await suggestK(engine, features);
  const seconds = (performance.now() - started) / 1000;
  const nearest = curve.reduce((a, b) => (Math.abs(b.k - best) < Math.abs(a.k - best) ? b : a));
  const set = basename(file, '.npy');
  return {
    ...{ name: `${set}, ${encoder}`, encoder, images: features.count },
    classes: new Set(labels).size,
    ...{ suggested: best, range, found, score: nearest.score, seconds },
  };
}

/** Tells if the number of classes is in the range. Of one class no number is right. */
export function isRight({ classes, range, found }: SuggestedRow): boolean {
  return classes === 1 ? !found : found && range[0] <= classes && classes <= range[1];
}

/** Formats the rows, with the fraction that is right at the end. */
export function suggestedTable(rows: readonly SuggestedRow[]): string[][] {
  const right = rows.filter(isRight).length;
  return [
    ['set', 'images', 'classes', 'suggested', 'range', 'found', 'right', 'score', 's'],
    ...rows.map((row) => [
      ...[row.name, String(row.images), String(row.classes), String(row.suggested)],
      ...[row.range.join(' to '), row.found ? 'yes' : 'no', isRight(row) ? 'yes' : 'no'],
      ...[row.score.toFixed(2), row.seconds.toFixed(1)],
    ]),
    ['right', '', '', '', '', '', `${right} of ${rows.length}`, '', ''],
  ];
}
