/** Filter gradients from maps in NCHWc layout. */
import {
  type FilterProblem,
  filterGradientKernels,
  filterProblem,
  geometryOf,
  lowerPad,
  lowerReshape,
  lowerSlice,
} from '../../compile/standard/index.ts';
import type { Node, Tensor } from '../../tensor/index.ts';
import { byExchangedBlocks } from './exchangedBlocks.ts';
import type { LayoutRule } from './layouts.ts';
import { type Capabilities, fitsBlocks, reorderToChannelsLast } from './nchwc.ts';
import { areWholeMaps, wholeMapsFilterGradient } from './wholeMaps.ts';

/** Kernels that are valid for a filter gradient, the default first. */
export function cpuFilterGradientKernels(node: Node, capabilities: Capabilities): string[] {
  const { block } = capabilities;
  const { dilation, groups } = geometryOf(node);
  const standard = filterGradientKernels(node);
  if (groups > 1) return standard;
  const [, , kh, kw] = node.attributes.shape as [number, number, number, number];
  const [N, C] = node.inputs[0]!.shape as [number, number];
  const O = node.inputs[1]!.shape[1]!;
  const areBlocks = (...channels: number[]) => block > 0 && channels.every((n) => n % block === 0);
  const exchanged = dilation.every((d) => d === 1) && areBlocks(N, O) ? ['exchangedBlocks'] : [];
  if (kh === 1 && kw === 1)
    return [...standard, ...(areBlocks(C, O) ? ['positions'] : []), ...exchanged];
  return [...standard, ...exchanged, ...(areWholeMaps(node, capabilities) ? ['wholeMaps'] : [])];
}

/** The kernels that take maps in NCHWc layout. */
export const blockedFilterGradient: LayoutRule = (emit, layouts, node) => {
  const kernel = emit.kernelOf(node);
  const [x, dy] = node.inputs as [Tensor, Tensor];
  if (kernel === 'positions') {
    return [
      { plain: byPositions(filterProblem(emit, node, layouts.blocked(x), layouts.blocked(dy))) },
    ];
  }
  if (kernel === 'wholeMaps') {
    return [
      {
        positionMajor: wholeMapsFilterGradient(emit, node, layouts.blocked(x), layouts.blocked(dy)),
      },
    ];
  }
  if (kernel !== 'exchangedBlocks') return undefined;
  const images = fitsBlocks(x, emit.device.block) ? layouts.blocked(x) : layouts.plain(x);
  return [byExchangedBlocks(filterProblem(emit, node, images, layouts.blocked(dy)))];
};

/**
 * Filters of 1 x 1 from NCHWc maps: positions of all images as rows, `dW = dyᵀ [O, NL] x [NL, C]`.
 */
function byPositions({
  emit,
  x,
  dy,
  N,
  C,
  O,
  stride,
  output,
  padding,
}: FilterProblem<Capabilities>): string {
  const last = lowerPad(
    emit,
    reorderToChannelsLast(emit, x, C),
    [0, ...padding, 0],
    [0, ...padding, 0],
  ); // [N, Hp, Wp, C]
  const ends = output.map((extent, i) => (extent - 1) * stride[i]! + 1);
  const met = lowerSlice(emit, last, { starts: [0, 0], ends, axes: [1, 2], steps: stride }); // [N, OH, OW, C]
  const NL = N * output[0] * output[1];
  const gradient = lowerReshape(emit, reorderToChannelsLast(emit, dy, O), [NL, O]);
  const product = emit.add('Gemm', [gradient, lowerReshape(emit, met, [NL, C])], { transA: 1 }); // [O, C]
  return lowerReshape(emit, product, [O, C, 1, 1]);
}
