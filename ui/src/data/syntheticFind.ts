import {
  type DuplicateImageAnswer,
  type DuplicatesAnswer,
  LEAST_ALIKE,
  type OutliersAnswer,
  type Row,
} from '../../../src/server/protocol.ts';
import { uniform } from './random.ts';
import type { DuplicatesQuestion } from './source.ts';
import type { SyntheticRun } from './syntheticRun.ts';

/** Ways in which a copy differs from its original, with their similarity. */
const variants = [
  ...(['equal', 'small', 'pixels', 'bright', 'text', 'cropped', 'mirrored'] as const),
] as const;
export type Variant = (typeof variants)[number];
const alike: Readonly<Record<Variant, number>> = {
  ...{ equal: 1, pixels: 1, small: 0.988, bright: 0.966, mirrored: 0.952, text: 0.938 },
  cropped: 0.874,
};

export interface Copy {
  /** Row of the original. */
  readonly of: Row;
  readonly variant: Variant;
}

/** Row of the first original, and the distance to the next one. */
const [FIRST, STEP] = [90, 61];
/** Most originals. */
const ORIGINALS = 40;

/** Chooses the images that are copies of others: the next images of the same class. */
export function syntheticCopies({ images, kinds }: SyntheticRun, seed: number): Map<Row, Copy> {
  const copies = new Map<Row, Copy>();
  for (let i = 0; i < ORIGINALS; i++) {
    const of = FIRST + STEP * i;
    const wanted = 1 + Math.floor(3.4 * uniform(seed, of, 40) ** 2);
    let next = of;
    for (let n = 0; n < wanted; n++) {
      do next++;
      while (next < Math.min(images, of + STEP) && kinds[next] !== kinds[of]);
      if (next >= Math.min(images, of + STEP)) break;
      const variant = variants[(i + 2 * n) % variants.length]!;
      copies.set(next, { of, variant });
    }
  }
  return copies;
}

/** Duplicates and outliers of generated images, as the server answers them. */
export function syntheticFind(
  run: SyntheticRun,
  copies: ReadonlyMap<Row, Copy>,
  { key, seed }: { key: string; seed: number },
) {
  const { images, width, height, bytes, date } = run;
  const groups = new Map<Row, Row[]>();
  for (const [row, { of }] of copies) groups.set(of, [...(groups.get(of) ?? [of]), row]);
  /** Images whose files were moved into the trash folder. */
  const gone = new Set<Row>();

  /** Row whose file an image is a copy of, where the bytes are equal. */
  const fileOf = (row: Row) => (copies.get(row)?.variant === 'equal' ? copies.get(row)!.of : row);
  function factsOf(row: Row): DuplicateImageAnswer {
    const file = fileOf(row);
    const copy = copies.get(file);
    const from = copy?.of ?? file;
    const scale = copy?.variant === 'small' ? 0.5 : copy?.variant === 'cropped' ? 0.94 : 1;
    return {
      ...{ row, path: run.path(row), isPage: false },
      width: Math.round(scale * width[from]!),
      height: Math.round(scale * height[from]!),
      bytes: Math.round(bytes[from]! * scale * scale * (copy ? 0.8 : 1)),
      modified: 86_400_000 * date[row]!,
      detail: 1e6 * scale * scale * (1 + 6 * uniform(seed, file, 41)),
    };
  }
  const likeness = (row: Row) => {
    const copy = copies.get(row);
    return copy
      ? alike[copy.variant] - 0.02 * uniform(seed, row, 42) * (1 - alike[copy.variant])
      : 1;
  };
  function sorted(rows: readonly Row[], { keep, prefer }: DuplicatesQuestion): Row[] {
    const facts = new Map(rows.map((row) => [row, factsOf(row)]));
    const value = (row: Row) => {
      const { width: w, height: h, bytes: size, modified, detail } = facts.get(row)!;
      return {
        ...{ best: w * h, sharpest: detail, oldest: -modified!, newest: modified! },
        ...{ largest: size, first: -row },
      }[keep];
    };
    const isOutside = (row: Row) =>
      Number(prefer !== '' && !facts.get(row)!.path.startsWith(`${prefer}/`));
    return rows.toSorted((a, b) => isOutside(a) - isOutside(b) || value(b) - value(a) || a - b);
  }

  return {
    /** Moves files away, or back. */
    move(rows: readonly Row[], isGone: boolean): void {
      for (const row of rows) {
        if (isGone) gone.add(row);
        else gone.delete(row);
      }
    },
    duplicates(question: DuplicatesQuestion, decided: ReadonlyMap<Row, boolean>): DuplicatesAnswer {
      const here = [...groups.values()].map((rows) => rows.filter((row) => !gone.has(row)));
      const near = here
        .map((rows) => rows.filter((row) => likeness(row) >= question.threshold))
        .filter((rows) => new Set(rows.map(fileOf)).size > 1)
        .map((rows) => {
          const [b, a] = rows.toSorted((p, q) => likeness(p) - likeness(q) || p - q);
          const similarity = likeness(b!);
          return { rows: sorted(rows, question), worst: { a: a!, b: b!, similarity } };
        });
      const exact = here
        .map((rows) => rows.filter((row) => fileOf(row) === rows[0]))
        .filter((rows) => rows.length > 1)
        .map((rows) => ({
          ...{ rows: sorted(rows, question), worst: { a: rows[0]!, b: rows[1]!, similarity: 1 } },
        }));
      const { threshold, keep, prefer } = question;
      return {
        ...{ key, least: LEAST_ALIKE, threshold, keep, compared: images, exact, near },
        ...(prefer !== '' && { prefer }),
        ...{ gone: gone.size, changed: false },
        kept: [...decided.keys()].filter((row) => decided.get(row) === true),
        moved: [...decided.keys()].filter((row) => decided.get(row) === false),
      };
    },
    images: (): DuplicateImageAnswer[] =>
      [...groups.values()]
        .flat()
        .sort((a, b) => a - b)
        .map(factsOf),
    outliers(): OutliersAnswer {
      const distances = run.confidence.map((confidence, row) => {
        const noise = 0.08 * uniform(seed, row, 43);
        return 0.05 + 0.8 * (1 - confidence) ** 2 + noise;
      });
      const rows = [...distances.keys()].sort((a, b) => distances[b]! - distances[a]!);
      return {
        ...{ key, neighbor: 10, total: images, median: distances.toSorted()[images >> 1] ?? 0 },
        images: rows.slice(0, 1000).map((row) => ({ row, distance: distances[row]! })),
      };
    },
  };
}
