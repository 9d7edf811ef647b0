/** Convolutions and their input gradients from maps in NCHWc layout. */
import {
  adjointAttributes,
  geometryOf,
  inputGradientKernels,
  isPointwise,
  scaled,
  windowAttributes,
} from '../../compile/standard/index.ts';
import type { Node, Tensor } from '../../tensor/index.ts';
import { adjointFilters, blockedFilters } from './filterLayouts.ts';
import type { LayoutRule, Layouts } from './layouts.ts';
import { type Capabilities, type CpuEmitter, canBlock } from './nchwc.ts';
import { byPhases, canWeave } from './phases.ts';
import { areWholeMaps, wholeMapsConv, wholeMapsInputGradient } from './wholeMaps.ts';

/** Kernels that are valid for a convolution, the default first. */
export function convolutionKernels(node: Node, capabilities: Capabilities): string[] {
  const { shape } = node.inputs[1]!;
  const blocks = canBlock(shape, geometryOf(node).groups, capabilities.block);
  return [
    ...(blocks ? ['blocked'] : []),
    'plain',
    ...(areWholeMaps(node, capabilities) ? ['wholeMaps'] : []),
  ];
}

/** NCHWc maps from NCHWc maps, or from plain images of few channels. */
export const blockedConv2d: LayoutRule = (emit, layouts, node) => {
  const kernel = emit.kernelOf(node);
  const { block } = emit.device;
  const [x, w] = node.inputs as [Tensor, Tensor];
  if (kernel === 'wholeMaps')
    return [{ blocked: wholeMapsConv(emit, node, layouts.blocked(x), layouts.positionMajor(w)) }];
  if (kernel !== 'blocked') return undefined;
  const isPlain = w.shape[1]! < block;
  const pending = {
    images: isPlain ? layouts.plain(x) : layouts.blocked(x),
    filters: (factor?: string) => filtersOf(emit, layouts, w, { factor, axis: 0 }),
    attributes: windowAttributes(geometryOf(node), w.shape.slice(2)),
  };
  return [{ pending }];
};

/**
 * Filters in blocks, times a factor for each channel of O (axis 0) or C (axis 1), where there is
 * one.
 */
function filtersOf(
  emit: CpuEmitter,
  layouts: Layouts,
  w: Tensor,
  { factor, axis }: { factor?: string; axis: 0 | 1 },
): string {
  if (factor === undefined) return layouts.filters(w);
  const each = [1, 1, 1, 1].with(axis, w.shape[axis]!);
  return blockedFilters(emit, scaled(emit, layouts.plain(w), factor, each), w.shape);
}

/** Kernels that are valid for an input gradient, the default first. */
export function cpuInputGradientKernels(node: Node, capabilities: Capabilities): string[] {
  const { block } = capabilities;
  const geometry = geometryOf(node);
  const { shape } = node.inputs[1]!;
  const standard = inputGradientKernels(node);
  const isBlocked = canBlock(shape, geometry.groups, block) && shape[1]! % block === 0;
  const blocked = isBlocked ? ['blocked'] : [];
  if (isPointwise(geometry, shape.slice(2))) return [...standard, ...blocked];
  const whole = areWholeMaps(node, capabilities) ? ['wholeMaps'] : [];
  if (canWeave(node, capabilities)) return ['phases', 'transposed', ...whole];
  return [...(standard.includes('flipped') ? blocked : []), ...standard, ...whole];
}

/** The adjoint from NCHWc to NCHWc maps. */
export const blockedInputGradient: LayoutRule = (emit, layouts, node) => {
  const kernel = emit.kernelOf(node);
  const [dy, w] = node.inputs as [Tensor, Tensor];
  if (kernel === 'phases')
    return [{ blocked: byPhases(emit, node, layouts.blocked(dy), layouts.filters(w)) }];
  if (kernel === 'wholeMaps') {
    return [
      {
        blocked: wholeMapsInputGradient(emit, node, layouts.blocked(dy), layouts.positionMajor(w)),
      },
    ];
  }
  if (kernel !== 'blocked') return undefined;
  const pending = {
    images: layouts.blocked(dy),
    filters: (factor?: string) =>
      adjointFilters(emit, filtersOf(emit, layouts, w, { factor, axis: 1 }), w.shape),
    attributes: adjointAttributes(geometryOf(node), w.shape.slice(2)),
  };
  return [{ pending }];
};
