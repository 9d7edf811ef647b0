/** `a x + y` for a number a and large tensors: as a blocked convolution of one value per channel that adds to y. */
import { sizeOf } from '../../tensor/index.ts';
import { blockedConv, perChannelAffine } from './blocked.ts';
import { lowerReshape } from './common.ts';
import type { Rule } from './emitter.ts';

/** Values from which on one pass instead of two is worth a convolution's start. */
const WORTH_ONE_PASS = 2 ** 15;
/** Positions of a row of the map that values are taken for: some rows for each thread, each long enough. */
const SHORTEST_ROW = 64;
const LONGEST_ROW = 4096;

export const axpy: Rule = (emit, node, [a, x, y]) => {
  const { shape, dtype } = node.inputs[1]!;
  const { block } = emit.capabilities;
  const row = dtype === 'float32' ? rowOf(sizeOf(shape), block) : undefined;
  if (row === undefined) return [emit.add('Add', [emit.add('Mul', [x!, a!]), y!])];
  const map = [1, block, sizeOf(shape) / block / row, row];
  const factor = emit.add('Expand', [a!, emit.integers([block])]); // [b]
  const found = blockedConv(emit, {
    ...perChannelAffine(emit, { images: lowerReshape(emit, x!, map), factor, channels: block }),
    sum: lowerReshape(emit, y!, map),
  });
  return [lowerReshape(emit, found, shape)];
};

/** Positions per row of a map of one block of channels that has so many values; undefined: there is no such map, or it is not worth it. */
function rowOf(values: number, block: number): number | undefined {
  if (block === 0 || values < WORTH_ONE_PASS || values % block !== 0) return undefined;
  const positions = values / block;
  for (let row = Math.min(LONGEST_ROW, positions / 4); row >= SHORTEST_ROW; row--) {
    if (positions % row === 0) return row;
  }
  return undefined;
}
