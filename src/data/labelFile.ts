/** Labels of images from a CSV file. */
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { decodeCsv, readRegularSync, utf8Text } from '../formats/index.ts';
import { systemReason } from './reasons.ts';
import type { ImageEntry, Source } from './types.ts';

/** Names of columns with paths and with labels, in the order in which they are looked for. */
const PATHS = ['path', 'file', 'filename', 'file_name', 'image', 'image_path', 'id', 'name'];
const LABELS = ['label', 'class', 'category', 'target', 'labels', 'class_name'];

/**
 * Gives the images of a source the labels of a CSV file, and no others.
 *
 * A row names an image by its path relative to the source, by its file name, or by its file name
 * without extension, where only one image has it. An empty label is none. Two columns whose first
 * row names an image need no header.
 *
 * @throws LikenessError `labels.unreadable`, `labels.malformed`, `labels.unmatched`, `csv.*`
 */
export function withLabelFile(source: Source, file: string): Source {
  const names = indexOfNames(source.entries.map(({ id }) => id));
  const indexOf = (path: string) => names.get(path.replace(/^\.\//, '')) ?? -1;
  const rows = readRows(file, { isImage: (path) => indexOf(path) >= 0 });
  const labels = new Map<number, string>();
  const unknown: string[] = [];
  for (const [path, label] of rows) {
    const index = indexOf(path);
    const before = labels.get(index);
    if (index < 0) unknown.push(path);
    else if (before !== undefined && label !== '' && before !== label) {
      throw new LikenessError(
        'labels.malformed',
        `labels: ${file} gives ${source.entries[index]!.id} the labels "${before}" and "${label}"; ` +
          'expected one label of each image. Remove one of these rows.',
      );
    } else if (label !== '') labels.set(index, label);
  }
  if (labels.size === 0) {
    throw new LikenessError(
      'labels.unmatched',
      `labels: no row of ${file} gives a label to an image of ${source.path}, such as ` +
        `"${source.entries[0]?.id}" (received ${unknown.slice(0, 2).map((name) => `"${name}"`)}). ` +
        'Expected paths relative to the source.',
    );
  }
  const labelNames = [...new Set(labels.values())].sort();
  const numberOf = new Map(labelNames.map((name, label) => [name, label]));
  const entries = source.entries.map(({ id, split }, index): ImageEntry => {
    const name = labels.get(index);
    return {
      id,
      ...(name !== undefined && { label: numberOf.get(name)! }),
      ...(split && { split }),
    };
  });
  const without = source.entries.length - labels.size;
  const message =
    `labels of ${plural(labelNames.length, 'class', 'classes')} from ${file} for ` +
    plural(labels.size, 'image') +
    (without > 0 ? `, none for ${plural(without, 'image')}` : '') +
    (unknown.length > 0
      ? `. ${plural(unknown.length, 'row names', 'rows name')} no image, such as "${unknown[0]}"`
      : '');
  const others = (source.notes ?? []).filter(({ code }) => code !== 'images.labels');
  return { ...source, entries, labelNames, notes: [...others, { code: 'images.labels', message }] };
}

/** Removes the labels of a source. */
export function withoutLabels(source: Source): Source {
  if (source.labelNames === undefined) return source;
  const entries = source.entries.map(
    ({ id, split }): ImageEntry => ({ id, ...(split && { split }) }),
  );
  return { ...source, entries, labelNames: undefined };
}

/** Path and label of each row. */
function readRows(
  file: string,
  { isImage }: { isImage(path: string): boolean },
): [path: string, label: string][] {
  let bytes: Buffer;
  try {
    bytes = readRegularSync(file);
  } catch (error) {
    throw new LikenessError(
      'labels.unreadable',
      `labels: received "${file}", which cannot be read: ${systemReason(error)}. Expected ` +
        '"folders", "none", or a CSV file with the columns path and label.',
      { cause: error },
    );
  }
  const all = decodeCsv(utf8Text(bytes, file), file);
  const [header = []] = all;
  const names = header.map((name) => name.trim().toLowerCase());
  const path = columnOf(names, PATHS) ?? (names.length === 2 ? 0 : undefined);
  const label = columnOf(names, LABELS) ?? (names.length === 2 ? 1 - (path ?? 0) : undefined);
  if (path === undefined || label === undefined || path === label) {
    throw new LikenessError(
      'labels.malformed',
      `labels: ${file} has the columns ${header.join(', ') || 'none'}; expected path and label in ` +
        'its first line, separated by a comma.',
    );
  }
  const hasHeader = names.length !== 2 || !isImage(header[path]!.trim());
  const rows = all.slice(hasHeader ? 1 : 0).filter((row) => row.length > 1);
  if (rows.length === 0) {
    throw new LikenessError(
      'labels.malformed',
      `labels: ${file} has no row below its header; expected one for each image with a label.`,
    );
  }
  return rows.map((row) => [(row[path] ?? '').trim(), (row[label] ?? '').trim()]);
}

function columnOf(names: readonly string[], wanted: readonly string[]): number | undefined {
  const found = wanted.map((name) => names.indexOf(name)).find((at) => at >= 0);
  return found;
}

/** Returns true for the title of a column that names images. */
export function isPathColumn(title: string): boolean {
  return PATHS.includes(title.toLowerCase());
}

/** Index of each image by id, file name and file name without extension. -1 for several images. */
export function indexOfNames(ids: readonly string[]): Map<string, number> {
  const short = new Map<string, number>();
  const add = (name: string, index: number) => {
    const before = short.get(name);
    short.set(name, before === undefined || before === index ? index : -1);
  };
  for (const [index, id] of ids.entries()) {
    const name = id.slice(id.lastIndexOf('/') + 1);
    const dot = name.lastIndexOf('.');
    add(name, index);
    if (dot > 0) add(name.slice(0, dot), index);
  }
  for (const [index, id] of ids.entries()) short.set(id, index);
  return short;
}
