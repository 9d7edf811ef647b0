import { normal, uniform } from './random.ts';

/** Generated images: classes, positions and facts of each. */
export interface SyntheticRun {
  readonly images: number;
  readonly classes: number;
  /** Class of each image, which decides its motif. */
  readonly kinds: Int32Array;
  /** Cluster before the edits: the class, wrong for a few. */
  readonly clusters: Int32Array;
  readonly second: Int32Array;
  readonly confidence: Float32Array;
  readonly margin: Float32Array;
  readonly width: Float32Array;
  readonly height: Float32Array;
  readonly bytes: Float32Array;
  /** Days since 1970, NaN for some of the scans. */
  readonly date: Float64Array;
  /** Origin of the date: 0 for the camera, 1 for the file, -1 without a date. */
  readonly dated: Int32Array;
  /** Index into {@link places}, a column of a CSV file; -1 for some. */
  readonly place: Int32Array;
  /** Layout after training, [N, 2]. */
  readonly layout: Float32Array;
  /** Layout at a fraction of the training: noise at 0, the final layout at 1. */
  layoutAt(progress: number): Float32Array;
  path(row: number): string;
}

const folders = ['2021/summer', '2022/garden', '2023/coast', '2024/town', 'scans'];
const SCANS = 4;

/** Categories of a CSV file. */
export const places = ['coast', 'forest', 'mountains', 'town'];

/** Names that a page must show as text. */
export const hostileNames = [
  'album/<img src=x onerror=document.title="broken">.jpg',
  `album/"quotes" & 'apostrophes'.png`,
  'album/two\nlines.jpg',
  'album/photo\u202egpj.exe.jpg',
  'album/<script>document.title="broken"</script>.webp',
];

/** Generates a run of N images in a number of classes; equal arguments give equal runs. */
export function syntheticRun(images: number, classes: number, seed: number): SyntheticRun {
  const kinds = new Int32Array(images);
  const clusters = new Int32Array(images);
  const second = new Int32Array(images);
  const numbers = () => new Float32Array(images);
  const [confidence, margin, width, height] = [numbers(), numbers(), numbers(), numbers()];
  const bytes = numbers();
  const [date, dated] = [new Float64Array(images), new Int32Array(images)];
  const place = new Int32Array(images);
  const folderOf = (row: number) => Math.floor(uniform(seed, row, 13) * folders.length);
  const layout = new Float32Array(images * 2);

  // Centers lie on a sunflower spiral, so that they keep their distance.
  const center = (kind: number): [x: number, y: number] => {
    const radius = 0.84 * Math.sqrt((kind + 0.5) / classes);
    const angle = kind * 2.39996;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
  for (let row = 0; row < images; row++) {
    // A square of a uniform number makes the first classes larger.
    const kind = Math.floor(uniform(seed, row, 1) ** 1.4 * classes);
    const spread = (0.36 + 0.3 * uniform(seed, kind, 2)) / Math.sqrt(classes);
    const [dx, dy] = [normal(seed, row, 3), normal(seed, row, 4)];
    const [x, y] = center(kind);
    const bend = 0.5 * dx * dx - 0.5;
    layout[2 * row] = Math.max(-1, Math.min(1, x + spread * dx * 0.6));
    layout[2 * row + 1] = Math.max(-1, Math.min(1, y + spread * (dy * 0.36 + bend * 0.3)));
    const distance = Math.min(1, Math.hypot(dx, dy) / 3.2);
    const wrong = distance > 0.7 && uniform(seed, row, 5) < 0.3;
    const other = (kind + 1 + Math.floor(uniform(seed, row, 6) * 2)) % classes;
    kinds[row] = kind;
    clusters[row] = wrong ? other : kind;
    second[row] = wrong ? kind : other;
    confidence[row] = wrong ? 0.3 + 0.2 * uniform(seed, row, 7) : 1 - 0.65 * distance;
    margin[row] = wrong ? 0.02 : 0.5 * (1 - distance);
    const portrait = uniform(seed, row, 8) < 0.4;
    const size = [1024, 1600, 3024, 4032][Math.floor(uniform(seed, row, 9) * 4)]!;
    width[row] = portrait ? size * 0.75 : size;
    height[row] = portrait ? size : size * 0.75;
    bytes[row] = Math.round(size * size * (0.08 + 0.2 * uniform(seed, row, 10)));
    date[row] = 18_700 + Math.floor(1500 * uniform(seed, row, 11));
    place[row] = Math.floor((places.length + 1) * uniform(seed, row, 15)) - 1;
    if (folderOf(row) !== SCANS) continue;
    dated[row] = uniform(seed, row, 14) < 0.1 ? -1 : 1;
    if (dated[row] === -1) date[row] = Number.NaN;
  }

  return {
    ...{ images, classes, kinds, clusters, second, confidence, margin },
    ...{ width, height, bytes, date, dated, place, layout },
    layoutAt(progress) {
      if (progress >= 1) return layout;
      const early = new Float32Array(images * 2);
      const ease = progress * progress * (3 - 2 * progress);
      for (let i = 0; i < early.length; i++) {
        early[i] = ease * layout[i]! + (1 - ease) * 0.36 * normal(seed, i, 12);
      }
      return early;
    },
    path(row) {
      if (row > 0 && row <= hostileNames.length) return hostileNames[row - 1]!;
      const folder = folders[folderOf(row)]!;
      return `${folder}/IMG_${String(row).padStart(5, '0')}.jpg`;
    },
  };
}
