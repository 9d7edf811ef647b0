/**
 * Measures near-duplicates: generated variants of real photos, found by likeness and by the
 * perceptual hash of `sharp-phash`, where it is installed (`npm install --no-save sharp-phash`) or
 * at the path in LIKENESS_PHASH.
 *
 * Two images are duplicates if both come from one original. Originals that both tools take for
 * copies of another original are left out first, since sets of photos contain real duplicates.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomAt } from '../src/core/random.ts';
import { silent } from '../src/core/reporter.ts';
import { openImages } from '../src/data/index.ts';
import {
  COARSE,
  DUPLICATE_SIZE,
  emptyDescriptors,
  findPairs,
  pairsOfCache,
  parityClasses,
  SIDE,
} from '../src/duplicates/index.ts';
import { makeVariant, type VariantKind, variantKinds } from './duplicateVariants.ts';

/** Recalls at which precision is compared. */
const recalls = [0.8, 0.9, 0.95, 0.98, 0.99];
/** Thresholds whose figures are listed for likeness. */
const thresholds = [0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/** Distances of hashes up to which pairs are listed; two random hashes differ in 32 bits. */
const MAX_BITS = 24;
/** Distance of hashes up to which two originals may be copies, and our similarity for it. */
const COPY_BITS = 8;
const COPY_SIMILARITY = 0.7;

/** Gray values of a descriptor. */
const GRAY = SIDE * SIDE;

/** Pair of images and a score that is larger for pairs that are more alike. */
interface ScoredPair {
  readonly a: number;
  readonly b: number;
  readonly score: number;
}

/** Precision at a recall; absent where the tool does not reach it. */
export interface PrecisionAt {
  readonly recall: number;
  readonly precision?: number;
  readonly threshold?: number;
}

export interface DuplicatesRow {
  /** `<sets>/<tool>`. */
  readonly name: string;
  readonly tool: string;
  readonly originals: number;
  /** Originals that were left out as copies. */
  readonly copies: number;
  readonly images: number;
  /** Figures of all pairs, and of those without a mirrored image. */
  readonly all: readonly PrecisionAt[];
  readonly unmirrored: readonly PrecisionAt[];
  /** Recall of pairs of an original and its variant, at the lowest threshold of 99% precision. */
  readonly recallByKind: Readonly<Record<VariantKind, number>>;
  /** Recall and precision of all pairs at fixed thresholds. */
  readonly fixed?: readonly { threshold: number; recall: number; precision: number }[];
  /** Seconds from files to pairs. */
  readonly seconds: number;
  /** Version of the hash. */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface DuplicatesOptions {
  /** Originals in all. */
  originals?: number;
  seed?: number;
  onProgress?(what: string): void;
  onRow(row: DuplicatesRow): void;
}

/** Measures both tools on originals of some folders and their variants. */
export async function benchmarkDuplicates(
  sources: readonly string[],
  { originals: wanted = 1000, seed = 0, onProgress = () => {}, onRow }: DuplicatesOptions,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-duplicates-'));
  try {
    onProgress('drawing originals');
    const drawn = join(folder, 'drawn');
    mkdirSync(drawn);
    await drawOriginals(sources, drawn, { wanted, seed });
    const kept = await withoutCopies(drawn, folder);
    const set = join(folder, 'set');
    mkdirSync(set);
    onProgress(`making variants of ${kept.files.length} originals`);
    for (const [image, file] of kept.files.entries()) {
      const picture = await readFile(file);
      writeFileSync(join(set, `${number(image)}-original.jpg`), picture);
      for (const kind of variantKinds) {
        const variant = await makeVariant(picture, kind, { seed, image });
        writeFileSync(join(set, `${number(image)}-${kind}.jpg`), variant);
      }
    }
    const about = { originals: kept.files.length, copies: kept.copies };
    const names = sources.map((source) => basename(source)).join(', ');
    for (const [tool, find] of Object.entries(await toolsOf(folder))) {
      onProgress(tool);
      const { ids, pairs, seconds } = await find(set);
      onRow({
        ...{ name: `${names}/${tool}`, tool, ...about, images: ids.length, seconds },
        ...figuresOf(ids, pairs),
        ...(tool === 'likeness'
          ? { fixed: atThresholds(ids, pairs) }
          : { versions: { [tool]: await versionOf(tool) } }),
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const number = (image: number) => String(image).padStart(5, '0');

async function drawOriginals(
  sources: readonly string[],
  folder: string,
  { wanted, seed }: { wanted: number; seed: number },
): Promise<void> {
  let at = 0;
  for (const [i, path] of sources.entries()) {
    const { source, close } = await openImages(path);
    const order = randomAt(seed, 'synthetic', i, 1000).shuffle(
      Array.from(source.entries, (_, index) => index),
    );
    const count = Math.floor((wanted * (i + 1)) / sources.length) - at;
    for (const index of order.slice(0, count)) {
      const image = await source.read(index);
      if (image.kind === 'encoded') writeFileSync(join(folder, `${number(at)}.jpg`), image.bytes);
      at++;
    }
    await close();
  }
}

/** Leaves out originals that both tools take for a copy of an earlier one. */
async function withoutCopies(
  drawn: string,
  folder: string,
): Promise<{ files: string[]; copies: number }> {
  const found = [];
  for (const find of Object.values(await toolsOf(folder))) found.push(await find(drawn));
  const ids = found[0]!.ids;
  const keyed = found.map(({ pairs }, tool) => {
    const least = tool === 0 ? COPY_SIMILARITY : -COPY_BITS;
    return new Set(pairs.flatMap(({ a, b, score }) => (score >= least ? [`${a} ${b}`] : [])));
  });
  const copies = new Set<number>();
  for (const key of keyed[0]!) {
    if (keyed.every((keys) => keys.has(key))) copies.add(Number(key.split(' ')[1]));
  }
  const files = ids.flatMap((id, i) => (copies.has(i) ? [] : [join(drawn, id)]));
  return { files, copies: copies.size };
}

interface Found {
  readonly ids: readonly string[];
  readonly pairs: readonly ScoredPair[];
  readonly seconds: number;
}
type Tool = (folder: string) => Promise<Found>;

async function toolsOf(folder: string): Promise<Record<string, Tool>> {
  const hash = await perceptualHash();
  return {
    likeness: (set) => findOurs(set, join(folder, 'cache')),
    ...(hash && { 'sharp-phash': (set: string) => findByHash(set, hash) }),
  };
}

async function findOurs(folder: string, cacheDir: string): Promise<Found> {
  const begin = performance.now();
  const images = await openImages(folder, { cacheDir, labels: 'none' });
  try {
    const cache = await images.pixels({ size: DUPLICATE_SIZE });
    const { pairs, equal } = await pairsOfCache(cache, silent);
    const twins = new Map(equal.map((own) => [own[0]!, own]));
    const scored: ScoredPair[] = pairs.flatMap(({ a, b, similarity }) =>
      twins.get(a)!.flatMap((one) => twins.get(b)!.map((other) => ordered(one, other, similarity))),
    );
    for (const own of equal) {
      for (const [i, a] of own.entries())
        for (const b of own.slice(i + 1)) scored.push({ a, b, score: 1 });
    }
    const seconds = (performance.now() - begin) / 1000;
    return { ids: cache.entries.map(({ id }) => id), pairs: scored, seconds };
  } finally {
    await images.close();
  }
}

function ordered(one: number, other: number, score: number): ScoredPair {
  return { a: Math.min(one, other), b: Math.max(one, other), score };
}

type Hash = (picture: Buffer) => Promise<string>;

/** Version of an installed package, by the file beside its entry. */
async function versionOf(name: string): Promise<string> {
  const entry = process.env.LIKENESS_PHASH ?? fileURLToPath(import.meta.resolve(name));
  const text = await readFile(join(dirname(entry), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Loads the perceptual hash; `undefined` where it is not installed. */
export async function perceptualHash(): Promise<Hash | undefined> {
  const name = process.env.LIKENESS_PHASH ?? 'sharp-phash';
  try {
    return ((await import(name)) as { default: Hash }).default;
  } catch {
    return undefined;
  }
}

async function findByHash(folder: string, hash: Hash): Promise<Found> {
  const begin = performance.now();
  const { source, close } = await openImages(folder, { labels: 'none' });
  const ids = source.entries.map(({ id }) => id);
  await close();
  const low = new Uint32Array(ids.length);
  const high = new Uint32Array(ids.length);
  for (const [i, id] of ids.entries()) {
    const bits = await hash(await readFile(join(folder, id)));
    low[i] = Number.parseInt(bits.slice(0, 32), 2);
    high[i] = Number.parseInt(bits.slice(32), 2);
  }
  const pairs: ScoredPair[] = [];
  for (let a = 0; a < ids.length; a++) {
    for (let b = a + 1; b < ids.length; b++) {
      const bits = ones(low[a]! ^ low[b]!) + ones(high[a]! ^ high[b]!);
      if (bits <= MAX_BITS) pairs.push({ a, b, score: -bits });
    }
  }
  return { ids, pairs, seconds: (performance.now() - begin) / 1000 };
}

/** Counts the bits that are set. */
function ones(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const originalOf = (id: string) => id.split('-')[0]!;
const kindOf = (id: string) => id.split('-')[1]!.replace('.jpg', '');

function figuresOf(ids: readonly string[], pairs: readonly ScoredPair[]) {
  const originals = ids.map(originalOf);
  const kinds = ids.map(kindOf);
  const same = ({ a, b }: ScoredPair) => originals[a] === originals[b];
  const plain = ({ a, b }: ScoredPair) => kinds[a] !== 'mirrored' && kinds[b] !== 'mirrored';
  const count = new Set(originals).size;
  const pairsOf = (n: number) => (n * (n - 1)) / 2;
  const variants = variantKinds.length + 1;
  const strict = thresholdOf(pairs, same, 0.99);
  const recallByKind = Object.fromEntries(
    variantKinds.map((kind) => {
      const found = pairs.filter(({ a, b, score }) => {
        const of = [kinds[a], kinds[b]];
        return (
          score >= strict &&
          originals[a] === originals[b] &&
          of.includes('original') &&
          of.includes(kind)
        );
      });
      return [kind, found.length / count];
    }),
  ) as Record<VariantKind, number>;
  return {
    all: precisions(pairs, same, count * pairsOf(variants)),
    unmirrored: precisions(pairs.filter(plain), same, count * pairsOf(variants - 1)),
    recallByKind,
  };
}

/** Lowest score at which precision is at least `least`, over pairs from the most alike down. */
function thresholdOf(
  pairs: readonly ScoredPair[],
  isTrue: (pair: ScoredPair) => boolean,
  least: number,
): number {
  let threshold = Number.POSITIVE_INFINITY;
  for (const { score, precision } of curve(pairs, isTrue)) {
    if (precision >= least) threshold = score;
  }
  return threshold;
}

/** Scores from the largest down, with true pairs and precision of all pairs up to each. */
function curve(pairs: readonly ScoredPair[], isTrue: (pair: ScoredPair) => boolean) {
  const sorted = pairs.toSorted((one, other) => other.score - one.score);
  const points: { score: number; found: number; precision: number }[] = [];
  let found = 0;
  for (const [i, pair] of sorted.entries()) {
    if (isTrue(pair)) found++;
    if (sorted[i + 1]?.score !== pair.score)
      points.push({ score: pair.score, found, precision: found / (i + 1) });
  }
  return points;
}

function precisions(
  pairs: readonly ScoredPair[],
  isTrue: (pair: ScoredPair) => boolean,
  total: number,
): PrecisionAt[] {
  const points = curve(pairs, isTrue);
  return recalls.map((recall) => {
    const point = points.find(({ found }) => found >= recall * total);
    return { recall, ...(point && { precision: point.precision, threshold: point.score }) };
  });
}

function atThresholds(ids: readonly string[], pairs: readonly ScoredPair[]) {
  const originals = ids.map(originalOf);
  const variants = variantKinds.length + 1;
  const total = (new Set(originals).size * variants * (variants - 1)) / 2;
  return thresholds.map((threshold) => {
    const taken = pairs.filter(({ score }) => score >= threshold);
    const found = taken.filter(({ a, b }) => originals[a] === originals[b]).length;
    return { threshold, recall: found / total, precision: found / Math.max(taken.length, 1) };
  });
}

/** Formats a fraction as a percentage, and a dash where there is none. */
export function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${(100 * value).toFixed(1)}%`;
}

/** Formats the rows as a table. */
export function duplicatesCells(rows: readonly DuplicatesRow[]): string[][] {
  return [
    ['tool', 'pairs', ...recalls.map((recall) => `precision at recall ${percent(recall)}`)],
    ...rows.flatMap(({ tool, all, unmirrored }) => [
      [tool, 'all', ...all.map(({ precision }) => percent(precision))],
      [tool, 'not mirrored', ...unmirrored.map(({ precision }) => percent(precision))],
    ]),
  ];
}

/** Time of the search among some images. */
export interface SearchRow {
  readonly name: string;
  readonly images: number;
  /** Pairs that were found. */
  readonly pairs: number;
  /** Seconds of one core, so that other work on the machine does not count. */
  readonly seconds: number;
}

/**
 * Measures the search for pairs among synthetic descriptors whose power falls with frequency as in
 * photos. Every tenth is a near-duplicate of another.
 */
export async function searchSeconds(
  count: number,
  seed = 0,
): Promise<Pick<SearchRow, 'pairs' | 'seconds'>> {
  const made = emptyDescriptors(count);
  for (let i = 0; i < count; i++) {
    const random = randomAt(seed, 'synthetic', i, 2000);
    const row = made.coarse.subarray(i * COARSE, (i + 1) * COARSE);
    const gray = made.gray.subarray(i * GRAY, (i + 1) * GRAY);
    if (i % 10 === 9) {
      for (let d = 0; d < COARSE; d++) row[d] = made.coarse[(i - 1) * COARSE + d]!;
      for (let d = 0; d < COARSE; d++) row[d]! += random.normal(0, 0.02);
      for (let p = 0; p < GRAY; p++) gray[p] = (made.gray[(i - 1) * GRAY + p]! & 0xf8) + (p & 7);
    } else {
      for (const { begin, end } of parityClasses) {
        for (let d = begin; d < end; d++) row[d] = random.normal() / (1 + d - begin) ** 0.75;
      }
      for (let p = 0; p < GRAY; p++) gray[p] = random.bits() >>> 24;
    }
    const norm = Math.hypot(...row);
    for (let d = 0; d < COARSE; d++) row[d]! /= norm;
  }
  const begin = process.cpuUsage();
  const pairs = await findPairs(made, silent);
  const { user, system } = process.cpuUsage(begin);
  return { pairs: pairs.length, seconds: (user + system) / 1e6 };
}
