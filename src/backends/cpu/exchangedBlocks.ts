/**
 * The filter gradient as NCHWc convolutions in which batch and channels exchange their roles:
 * `dW[o, c, u, v] = sum over n, i, j of x[c, n, i + u, j + v] dy[o, n, i, j]` is the convolution of
 * images of N channels with O filters as large as a map.
 *
 * Where x is in NCHWc layout, the channels of a block remain side by side: they are read as columns
 * of one image that is a block times as wide, and the filters step over them by dilation. So each
 * image has kw times a block results in a row, which keeps the convolution's registers full, and x
 * needs no other order than its images side by side.
 *
 * The filters are as many values as dy, and a convolution reads them once per image. So the sum is
 * cut into parts of some images and rows whose filters fit a core's cache, one convolution each,
 * which adds to those before.
 */
import {
  type FilterProblem,
  lowerPad,
  lowerReshape,
  lowerSlice,
  lowerTranspose,
  windowAttributes,
} from '../../compile/standard/index.ts';
import { filtersOfBlocks } from './filterLayouts.ts';
import type { Lowered } from './layouts.ts';
import {
  blockedConv,
  type Capabilities,
  type CpuEmitter,
  reorderInput,
  reorderOutput,
} from './nchwc.ts';

/** Values of the filters of one part: half of a second-level cache of 1 MiB. */
const PART = 128 * 1024;

/** Rows per part: the most that divide the map's and keep the part small. */
function rowsPerPart(rows: number, perRow: number): number {
  for (let count = rows; count > 1; count--) {
    if (rows % count === 0 && count * perRow <= PART) return count;
  }
  return 1;
}

/**
 * dW [O, C, kh, kw], for dilation 1, from x and dy, both in NCHWc layout, or x in plain layout
 * where its channels are no multiple of the block; N and O are. In blocks where x is. A stride
 * becomes the dilation of the exchanged convolution.
 */
export function byExchangedBlocks(problem: FilterProblem<Capabilities>): Lowered {
  const { emit, x, dy, N, C, O, kernel, input, output, padding, stride } = problem;
  const { block } = emit.device;
  const [kh, kw] = kernel;
  const [H, W] = input;
  const [OH, OW] = output;
  /** Channels side by side in x, and images that they are columns of. */
  const side = C % block === 0 ? block : 1;
  const images = C / side;

  // The images of x side by side as well: a transposition of [N, C H W], 16 rows at a time.
  const rows = rowsPerPart(OH, O * block * OW);
  const parts = OH / rows;
  const inward = reorderInput(emit, lowerReshape(emit, x, [1, N, C * H, W]));
  const maps = lowerReshape(emit, inward, [N / block, images, H, W * side * block]);

  // A single image has too few rows of results to share among threads. Then all parts of N go
  // through one convolution, as groups whose results are added afterwards.
  const groups = images === 1 ? N / block : 1;
  const cuts = N / block / groups;

  const filtersOf = partsOfGradient(emit, dy, {
    N,
    O,
    groups,
    positions: OH * OW,
    perPart: rows * OW,
  });
  const width = (OW - 1) * stride[1] + kw;
  // Each part is added in place to the sum of those before it.
  let total: string | undefined;
  for (let part = 0; part < cuts * parts; part++) {
    const n = Math.floor(part / parts) * groups;
    // Rows that the part's windows cover; those outside of the map are left to the convolution,
    // columns are not: it is slow where a window reaches over the edge.
    const from = (part % parts) * rows * stride[0] - padding[0];
    const to = from + (rows - 1) * stride[0] + kh;
    const [first, last] = [Math.max(0, from), Math.min(H, to)];
    const slice = lowerSlice(emit, maps, {
      starts: [n, first],
      ends: [n + groups, last],
      axes: [0, 2],
    });
    const [left, right] = [padding[1], width - W - padding[1]].map(
      (columns) => columns * side * block,
    );
    const padded = lowerPad(emit, slice, [0, 0, 0, left!], [0, 0, 0, right!]);
    const dilation = [stride[0], stride[1] * side] as const;
    total = blockedConv(emit, {
      images: lowerReshape(emit, padded, [images, groups * block, last - first, width * side]),
      filters: lowerReshape(emit, filtersOf(part), [groups * O, block, rows, OW]),
      sum: total,
      attributes: {
        ...windowAttributes({ stride: [1, 1], padding: [0, 0], dilation, groups }, [rows, OW]),
        pads: { ints: [first - from, 0, to - last, 0] },
      },
    }); // [images, groups, O/b, kh, kw side, b]
  }
  const sum = groups === 1 ? total! : sumOfGroups(emit, total!, groups, [O, kh, kw * side]);
  const shape = [O, C, kh, kw];
  // A block of channels is where NCHWc filters have it.
  if (side > 1) return { filters: filtersOfBlocks(emit, sum, shape) };
  const plain = lowerReshape(emit, reorderOutput(emit, sum, O), [C, O, kh * kw]);
  return { plain: lowerReshape(emit, lowerTranspose(emit, plain, [1, 0, 2]), shape) };
}

interface GradientParts {
  N: number;
  O: number;
  groups: number;
  /** Of a map, and of a part of it. */
  positions: number;
  perPart: number;
}

/**
 * Writes a part of dy as filters, [groups, O/b, positions, b of N, b of O]. Rows of b values are
 * gathered from where they are: by all threads, to where the convolution reads them next. A
 * transposition of all of dy, cut into parts, takes twice as long.
 */
function partsOfGradient(
  emit: CpuEmitter,
  dy: string,
  { N, O, groups, positions, perPart }: GradientParts,
): (part: number) => string {
  const { block } = emit.device;
  const across = O / block;
  const rows = lowerReshape(emit, dy, [N * across * positions, block]);
  const perImage = across * positions;
  const pattern = new Int32Array(groups * across * perPart * block);
  let at = 0;
  for (let group = 0; group < groups; group++)
    for (let o = 0; o < across; o++)
      for (let position = 0; position < perPart; position++)
        for (let n = 0; n < block; n++)
          pattern[at++] = (group * block + n) * perImage + o * positions + position;
  const first = emit.constant(pattern, [pattern.length]);
  const parts = positions / perPart;
  return (part) => {
    const from = Math.floor(part / parts) * groups * block * perImage + (part % parts) * perPart;
    const chosen = emit.add('Add', [first, emit.constant(Int32Array.of(from), [1])]);
    return emit.add('Gather', [rows, chosen], { axis: 0 });
  };
}

/** Sum over the groups of one image's blocked results [groups O, kh, kw], as [1, O, kh, kw]. */
function sumOfGroups(
  emit: CpuEmitter,
  total: string,
  groups: number,
  [O, kh, kw]: readonly [number, number, number],
) {
  const rows = lowerReshape(emit, total, [groups, O * kh * kw]);
  const sum = emit.add('ReduceSum', [rows, emit.integers([0])], { keepdims: 0 });
  return lowerReshape(emit, sum, [1, O, kh, kw]);
}
