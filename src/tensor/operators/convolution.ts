/**
 * Convolution over images [N, C, H, W], and its two adjoints.
 *
 * Convolution `y = x * w` is linear in each argument, so three operators are closed under
 * differentiation: the convolution, its adjoint in the image (`conv2dInputGradient`, which is also
 * the transposed convolution) and its adjoint in the filter (`conv2dFilterGradient`). The gradient
 * of each is written with the other two.
 *
 * `y[n, o, i, j] = sum over c, u, v of x[n, c, i s + u d - p, j s + v d - p] w[o, c, u, v]`
 * (cross-correlation, as in every deep-learning library), with stride s, dilation d and zero
 * padding p.
 */
import {
  type Attributes,
  applyOne,
  defineOperator,
  refuseShape,
  type Shape,
  showShape,
  type Tensor,
} from '../tensor.ts';
import { slice } from './shape.ts';

export type Pair = number | readonly [number, number];

export interface ConvolutionOptions {
  /** Pixels between neighboring outputs; default 1. */
  stride?: Pair;
  /** Zeros on each side, [vertical, horizontal]; default 0. */
  padding?: Pair;
  /** Pixels between neighboring kernel positions; default 1. */
  dilation?: Pair;
  /** Groups of channels without connections between them; default 1. */
  groups?: number;
}

/** A value for both directions, or one for each: [vertical, horizontal]. */
export function asPair(value: Pair): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value;
}

function attributesOf({ stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionOptions) {
  return { stride: asPair(stride), padding: asPair(padding), dilation: asPair(dilation), groups };
}

/** Extent of a windowed output: `floor((extent + 2 p - d (k - 1) - 1) / s) + 1`. */
export function windowedExtent(
  extent: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((extent + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

function outputExtents(shape: Shape, kernel: readonly number[], attributes: Attributes): number[] {
  const [stride, padding, dilation] = [
    attributes.stride,
    attributes.padding,
    attributes.dilation,
  ] as number[][];
  return [0, 1].map((i) =>
    windowedExtent(shape[2 + i]!, kernel[i]!, stride![i]!, padding![i]!, dilation![i]!),
  );
}

defineOperator({
  name: 'conv2d',
  infer: ([x, w], attributes) => {
    const groups = attributes.groups as number;
    const [N, C] = x!.shape;
    const [O, I, ...kernel] = w!.shape;
    const strides = attributes.stride as number[];
    if (x!.dtype !== 'float32' || w!.dtype !== 'float32' || strides.some((s) => s < 1)) {
      refuseShape(
        'conv2d',
        `${x!.dtype} images, ${w!.dtype} filters, stride ${strides}`,
        'float32 and strides of at least 1',
      );
    }
    if (x!.shape.length !== 4 || w!.shape.length !== 4 || C !== I! * groups || O! % groups !== 0) {
      refuseShape(
        'conv2d',
        `images ${showShape(x!.shape)} and filters ${showShape(w!.shape)} with ${groups} group(s)`,
        'images [N, C, H, W] and filters [O, C / groups, kh, kw] with O divisible by groups',
      );
    }
    const extents = outputExtents(x!.shape, kernel, attributes);
    if (extents.some((extent) => extent < 1)) {
      refuseShape(
        'conv2d',
        `images ${showShape(x!.shape)}`,
        `images at least as large as the ${kernel.join('x')} window`,
      );
    }
    return [{ shape: [N!, O!, ...extents], dtype: 'float32' }];
  },
});

/**
 * Convolution of images [N, C, H, W] with filters [O, C / groups, kh, kw].
 *
 * Kernel positions that reach over the edge everywhere are left out: of 3 x 3 on a map of one
 * position, padded by 1, only the middle one remains.
 */
export function conv2d(x: Tensor, w: Tensor, options: ConvolutionOptions = {}): Tensor {
  const attributes = attributesOf(options);
  const isMap = x.shape.length === 4 && w.shape.length === 4;
  const [top, left] = isMap
    ? [0, 1].map((axis) => idlePositions(x.shape, w.shape, axis, attributes))
    : [0, 0];
  if (top === 0 && left === 0) return applyOne('conv2d', [x, w], attributes);
  const [O, I, kh, kw] = w.shape as [number, number, number, number];
  const met = slice(w, { starts: [0, 0, top!, left!], ends: [O, I, kh - top!, kw - left!] });
  const padding = [top!, left!].map(
    (idle, axis) => attributes.padding[axis]! - attributes.dilation[axis]! * idle,
  );
  return applyOne('conv2d', [x, met], { ...attributes, padding });
}

/**
 * Kernel positions at each end of a direction that read nothing but padding: equally many at either
 * end.
 */
function idlePositions(
  x: Shape,
  w: Shape,
  axis: number,
  { stride, padding, dilation }: ReturnType<typeof attributesOf>,
): number {
  const [extent, kernel] = [x[2 + axis]!, w[2 + axis]!];
  const [s, p, d] = [stride[axis]!, padding[axis]!, dilation[axis]!];
  const last = (windowedExtent(extent, kernel, s, p, d) - 1) * s - p;
  const isIdle = (position: number) => last + d * position < 0 || d * position - p >= extent;
  let idle = 0;
  // The rest keeps a position and has no negative padding.
  while (
    2 * (idle + 1) < kernel &&
    d * (idle + 1) <= p &&
    isIdle(idle) &&
    isIdle(kernel - 1 - idle)
  )
    idle++;
  return idle;
}

defineOperator({
  name: 'conv2dInputGradient',
  infer: ([dy, w], attributes) => {
    const shape = attributes.shape as Shape;
    const extents = outputExtents(shape, w!.shape.slice(2), attributes);
    const expected = [shape[0]!, w!.shape[0]!, ...extents];
    if (
      showShape(dy!.shape) !== showShape(expected) ||
      shape[1] !== w!.shape[1]! * (attributes.groups as number)
    ) {
      refuseShape(
        'conv2dInputGradient',
        `gradient ${showShape(dy!.shape)} and filters ${showShape(w!.shape)} for images ` +
          `${showShape(shape)}`,
        `gradient ${showShape(expected)}`,
      );
    }
    return [{ shape, dtype: 'float32' }];
  },
});

defineOperator({
  name: 'conv2dFilterGradient',
  infer: ([x, dy], attributes) => {
    const shape = attributes.shape as Shape;
    const expected = [
      x!.shape[0]!,
      shape[0]!,
      ...outputExtents(x!.shape, shape.slice(2), attributes),
    ];
    if (showShape(dy!.shape) !== showShape(expected)) {
      refuseShape(
        'conv2dFilterGradient',
        `images ${showShape(x!.shape)} and gradient ${showShape(dy!.shape)} for filters ` +
          `${showShape(shape)}`,
        `gradient ${showShape(expected)}`,
      );
    }
    return [{ shape, dtype: 'float32' }];
  },
});

/**
 * Transposed convolution of [N, I, H, W] with filters [I, O / groups, kh, kw]: the adjoint of a
 * convolution that maps the result to `x`. Extent: `(H - 1) s - 2 p + d (k - 1) + outputPadding +
 * 1`.
 */
export function convTranspose2d(
  x: Tensor,
  w: Tensor,
  { outputPadding = 0, ...options }: ConvolutionOptions & { outputPadding?: Pair } = {},
): Tensor {
  const attributes = attributesOf(options);
  const extra = asPair(outputPadding);
  if (x.shape.length !== 4 || w.shape.length !== 4 || x.shape[1] !== w.shape[0]) {
    refuseShape(
      'convTranspose2d',
      `images ${showShape(x.shape)} and filters ${showShape(w.shape)}`,
      'images [N, I, H, W] and filters [I, O / groups, kh, kw]',
    );
  }
  const extents = [0, 1].map(
    (i) =>
      (x.shape[2 + i]! - 1) * attributes.stride[i]! -
      2 * attributes.padding[i]! +
      attributes.dilation[i]! * (w.shape[2 + i]! - 1) +
      extra[i]! +
      1,
  );
  const shape = [x.shape[0]!, w.shape[1]! * attributes.groups, ...extents];
  return applyOne('conv2dInputGradient', [x, w], { ...attributes, shape });
}
