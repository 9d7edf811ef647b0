/** Result files of a command as bytes, without the fields that hold times. For tests only. */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FLOAT, readInto, readLog } from '../src/data/featureFile.ts';

/**
 * Files that hold times, by the end of their path, with what is left out of the comparison. Every
 * other file has to be equal byte by byte.
 */
export const timed: readonly { file: string; leftOut: string; strip(text: string): string }[] = [
  {
    file: 'events.jsonl',
    leftOut:
      'times and speeds; events that tell of starts, schedules, checkpoints and ends, with the ' +
      'verdict at an end that was asked for, of which a resumed run has more; and measures, whose ' +
      'epochs the clock chooses (as for watched.safetensors)',
    strip: (text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((event, i, all) => !isLastVerdict(event, all[i + 1]))
        .filter(({ kind }) => !bookkeeping.includes(String(kind)))
        .map((event) => JSON.stringify(event, withoutTimes))
        .join('\n'),
  },
  ...['compare.json', 'comparison.json', 'baselines.json'].map((file) => ({
    file,
    leftOut: 'dates and minutes',
    strip: (text: string) => JSON.stringify(JSON.parse(text), withoutTimes, 1),
  })),
  {
    file: 'compare.html',
    leftOut: 'dates and minutes',
    strip: (text) =>
      text
        .replace(/\d{4}-\d\d-\d\d(T[\d:.]+Z)?/g, 'date')
        .replace(/"minutes":\s*[\d.e-]+/g, '"minutes":0'),
  },
  {
    file: '.likeness-sorted.json',
    leftOut: 'modification times of links',
    strip: (text) => text.replace(/\d{13}(\.\d+)?/g, '0'),
  },
];

type LoggedEvent = Readonly<Record<string, unknown>>;

/** True for the verdict that a session writes before it ends by a signal. */
function isLastVerdict({ kind }: LoggedEvent, next: LoggedEvent | undefined): boolean {
  return kind === 'doctor' && next?.kind === 'run-ended' && next.reason === 'interrupted';
}

const bookkeeping = ['run-started', 'schedule', 'checkpoint', 'run-ended', 'measures'];
const fieldsOfTime = new Set([
  ...['time', 'seconds', 'secondsLeft', 'imagesPerSecond', 'waiting', 'duration', 'cost'],
  ...['date', 'minutes'],
]);

function withoutTimes(key: string, value: unknown): unknown {
  return fieldsOfTime.has(key) ? undefined : value;
}

const watched = /watched\.safetensors$|(^|\/)moments\//;
const checkpoint = /checkpoints\/step-\d+\.safetensors$/;

/** Name of stored features. Each process writes a file whose name ends with a random number. */
const features = /^(.*\/[0-9a-f]{40})-[0-9a-f]{8}(\.features)$/;

/** Rows of a file of features by the keys of their images. */
function rowsOf(file: string): Map<bigint, Buffer> {
  const rows = new Map<bigint, Buffer>();
  const places = new Map<bigint, number>();
  let dimension = 0;
  const opened = readLog(
    file,
    undefined,
    (image, { offset }) => places.set(image, offset),
    (meta) => {
      dimension = meta.dimension;
    },
  );
  if (opened === undefined) return rows;
  for (const [image, offset] of places) {
    const row = Buffer.alloc(dimension * FLOAT);
    readInto(opened, row, offset);
    rows.set(image, row);
  }
  closeSync(opened);
  return rows;
}

/** Bytes of rows in the order of their keys, with the keys. */
function joinedRows(rows: ReadonlyMap<bigint, Buffer>): Buffer {
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(sorted.flatMap(([image, row]) => [Buffer.from(String(image)), row]));
}

/**
 * Reads all files below a folder but those in `leftOut`, by path. Checkpoints before the last, the
 * measured sample and the moments are left out, because the clock chooses their steps. Stored
 * features of one key are one file, with the rows of all processes.
 */
export function readResults(place: string, leftOut: readonly string[]): Map<string, Buffer> {
  const results = new Map<string, Buffer>();
  const stored = new Map<string, Map<bigint, Buffer>>();
  const found = readdirSync(place, { recursive: true, withFileTypes: true });
  for (const entry of found) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name).slice(place.length + 1);
    if (leftOut.includes(path.split('/')[0]!) || watched.test(path)) continue;
    const [, key, end] = features.exec(path) ?? [];
    if (key !== undefined) {
      const before = stored.get(`${key}${end}`) ?? [];
      stored.set(`${key}${end}`, new Map([...before, ...rowsOf(join(place, path))]));
      continue;
    }
    results.set(path, stripped(path, readFileSync(join(place, path))));
  }
  for (const [path, rows] of stored) results.set(path, joinedRows(rows));
  const last = new Map([...results.keys()].sort().map((path) => [dirname(path), path]));
  for (const path of results.keys()) {
    if (checkpoint.test(path) && last.get(dirname(path)) !== path) results.delete(path);
  }
  return results;
}

function stripped(path: string, bytes: Buffer): Buffer {
  const known = timed.find(({ file }) => path.endsWith(file));
  if (known === undefined) return bytes;
  try {
    return Buffer.from(known.strip(bytes.toString('utf8')));
  } catch {
    // A torn file differs from any whole one.
    return bytes;
  }
}

/** Text around the first difference of two texts. */
function firstDifference(path: string, found: Buffer, expected: Buffer): string {
  if (!/\.(json|jsonl|csv|html)$/.test(path)) return '';
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  const around = (bytes: Buffer) => bytes.toString('utf8', Math.max(0, at - 150), at + 60);
  return ` (${JSON.stringify(around(found))} in place of ${JSON.stringify(around(expected))})`;
}

/** Names the files that differ, are missing, or are too many. */
export function differences(
  found: ReadonlyMap<string, Buffer>,
  expected: ReadonlyMap<string, Buffer>,
): string[] {
  const missing = [...expected.keys()].filter((path) => !found.has(path));
  const other = [...found].flatMap(([path, bytes]) => {
    const whole = expected.get(path);
    if (whole === undefined) return [`${path} is left over`];
    return whole.equals(bytes) ? [] : [`${path}${firstDifference(path, bytes, whole)}`];
  });
  return [...missing.map((path) => `${path} is missing`), ...other];
}
