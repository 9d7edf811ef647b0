/**
 * The filter gradient as blocked convolutions in which batch and channels exchange their roles:
 * `dW[o, c, u, v] = sum over n, i, j of x[c, n, i + u, j + v] dy[o, n, i, j]` is the convolution of C images of N channels
 * with O filters as large as a map.
 *
 * The filters are as many values as dy, and a convolution reads them once per image. So the sum is cut into parts of some
 * images and rows whose filters stay in a core's cache, one convolution each, and the parts are added.
 */
import { blockedConv, reorderInput, reorderOutput } from './blocked.ts';
import { lowerPad, lowerReshape, lowerSlice, lowerTranspose } from './common.ts';
import { windowAttributes } from './convolution.ts';
import type { FilterProblem } from './filterGradient.ts';

/** Values of the filters of one part: half of a second-level cache of 1 MiB. */
const PART = 128 * 1024;

/** Rows per part: the most that divide the map's and keep the part small. */
function rowsPerPart(rows: number, perRow: number): number {
  for (let count = rows; count > 1; count--) {
    if (rows % count === 0 && count * perRow <= PART) return count;
  }
  return 1;
}

/** dW [O, C, kh, kw], for stride and dilation 1; N and O are multiples of the block. */
export function byExchangedBlocks(problem: FilterProblem): string {
  const { emit, x, dy, N, C, O, kernel, input, output, padding } = problem;
  const { block } = emit.capabilities;
  const [kh] = kernel;
  const [height, width] = [input[0] + 2 * padding[0], input[1] + 2 * padding[1]];
  const [OH, OW] = output;
  const rows = rowsPerPart(OH, O * block * OW);
  const parts = OH / rows;

  const exchanged = lowerTranspose(emit, x, [1, 0, 2, 3]); // [C, N, H, W]
  const padded = lowerPad(emit, exchanged, [0, 0, ...padding], [0, 0, ...padding]); // [C, N, Hp, Wp]
  const images = lowerReshape(emit, reorderInput(emit, padded), [C, N / block, height, width * block]);

  // dy as filters, [parts of N, parts of rows, O/b, rows, OW, b of N, b of O].
  const gradient = lowerReshape(emit, reorderInput(emit, dy), [
    N / block,
    block,
    O / block,
    parts,
    rows * OW,
    block,
  ]);
  const ordered = lowerTranspose(emit, gradient, [0, 3, 2, 4, 1, 5]);
  const filters = emit.addMany(
    'Split',
    [lowerReshape(emit, ordered, [(N / block) * parts, O * block * rows * OW])],
    { axis: 0, num_outputs: (N / block) * parts },
    { outputs: (N / block) * parts },
  );

  const attributes = windowAttributes({ stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }, [
    rows,
    OW,
  ]);
  const terms = filters.map((filter, part) => {
    const [n, first] = [Math.floor(part / parts), (part % parts) * rows];
    const starts = [n, first];
    const ends = [n + 1, first + rows + kh - 1];
    const image = lowerSlice(emit, images, { starts, ends, axes: [1, 2] });
    return blockedConv(emit, {
      images: lowerReshape(emit, image, [C, block, rows + kh - 1, width]),
      filters: lowerReshape(emit, filter, [O, block, rows, OW]),
      attributes,
    }); // [C, O/b, kh, kw, b]
  });
  const total = terms.length === 1 ? terms[0]! : emit.add('Sum', terms);
  return lowerTranspose(emit, reorderOutput(emit, total, O), [1, 0, 2, 3]); // [O, C, kh, kw]
}
