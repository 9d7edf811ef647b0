/** Graphs of each operator, for tests that compare them with ONNX Runtime. */
import { type OnnxConstant, type OnnxNode, onnxTypes } from '../../compile/index.ts';
import { sizeOf } from '../../tensor/index.ts';

type Attributes = OnnxNode['attributes'];
export interface GraphCase {
  /** Shape of the images `x`. */
  x: readonly number[];
  nodes: readonly OnnxNode[];
  constants?: readonly OnnxConstant[];
  /** Keeps the values of x away from kinks. Default: they are of both signs. */
  positive?: boolean;
}

/** A node that writes `y` unless another output is named. */
export const node = (
  type: string,
  inputs: readonly string[],
  attributes: Attributes = {},
  outputs: readonly string[] = ['y'],
): OnnxNode => ({ type, inputs, outputs, attributes, domain: '' });

export const floats = (name: string, shape: readonly number[], from = 0): OnnxConstant => ({
  ...{ name, shape, type: onnxTypes.float32 },
  data: Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => Math.sin(1.7 * i + from) * 0.6 + 0.05,
  ),
});
const above = (constantOf: OnnxConstant): OnnxConstant => ({
  ...constantOf,
  data: (constantOf.data as Float32Array).map((v) => Math.abs(v) + 0.3),
});
export const whole = (
  name: string,
  values: readonly number[],
  shape = [values.length],
): OnnxConstant => ({
  ...{ name, shape, type: onnxTypes.int64, data: BigInt64Array.from(values, BigInt) },
});
const number = (name: string, value: number): OnnxConstant => ({
  ...{ name, shape: [], type: onnxTypes.float32, data: Float32Array.of(value) },
});
const ints = (...values: number[]) => ({ ints: values });

const images = [2, 4, 7, 6] as const;
const one = (type: string, attributes: Attributes = {}, positive = false): GraphCase => ({
  ...{ x: images, nodes: [node(type, ['x'], attributes)], positive },
});
const conv = (w: readonly number[], attributes: Attributes, x = images as readonly number[]) => ({
  ...{ x, nodes: [node('Conv', ['x', 'w', 'b'], attributes)] },
  constants: [floats('w', w), floats('b', [w[0]!], 2)],
});
const withConstants = (
  type: string,
  constants: readonly OnnxConstant[],
  attributes: Attributes = {},
): GraphCase => ({
  ...{ x: images, constants },
  nodes: [node(type, ['x', ...constants.map(({ name }) => name)], attributes)],
});
const channels = (...names: string[]) => names.map((name, i) => floats(name, [4], i));

/** Small graphs of one operator or a few, by a title. */
export const graphCases: Record<string, GraphCase> = {
  'Conv with unequal borders': conv([3, 4, 3, 2], { pads: ints(1, 0, 2, 1), strides: ints(2, 1) }),
  'Conv in groups': conv([6, 2, 3, 3], { group: 2, pads: ints(1, 1, 1, 1) }),
  'Conv per channel, dilated': conv([4, 1, 3, 3], {
    group: 4,
    dilations: ints(2, 2),
    pads: ints(2, 2, 2, 2),
  }),
  'Conv of the same size': conv([2, 4, 3, 3], { auto_pad: 'SAME_UPPER', strides: ints(2, 2) }),
  'Conv of the same size, lower': conv([2, 4, 4, 2], {
    auto_pad: 'SAME_LOWER',
    strides: ints(2, 2),
  }),
  'Conv without borders': conv([1, 4, 2, 2], { auto_pad: 'VALID' }),
  ConvTranspose: {
    ...{ x: images, constants: [floats('w', [4, 3, 3, 3]), floats('b', [3])] },
    nodes: [
      node('ConvTranspose', ['x', 'w', 'b'], {
        strides: ints(2, 2),
        pads: ints(1, 1, 1, 1),
        output_padding: ints(1, 0),
      }),
    ],
  },
  Gemm: {
    ...{ x: [3, 5], constants: [floats('w', [4, 5]), floats('b', [4])] },
    nodes: [
      node('Gemm', ['x', 'w', 'b'], { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }),
    ],
  },
  'Gemm of a turned x': {
    ...{ x: [5, 3], constants: [floats('w', [5, 2])] },
    nodes: [node('Gemm', ['x', 'w'], { transA: 1 })],
  },
  'MatMul of rows': {
    x: [2, 3, 5],
    constants: [floats('w', [5, 4])],
    nodes: [node('MatMul', ['x', 'w'])],
  },
  'MatMul with a vector': {
    x: [2, 3, 5],
    constants: [floats('w', [5])],
    nodes: [node('MatMul', ['x', 'w'])],
  },
  'MatMul of batches': {
    ...{ x: [2, 3, 4, 5] },
    nodes: [
      node('Transpose', ['x'], { perm: ints(0, 1, 3, 2) }, ['t']),
      node('MatMul', ['x', 't']),
    ],
  },
  BatchNormalization: withConstants(
    'BatchNormalization',
    [...channels('s', 'b', 'm'), above(floats('v', [4]))],
    { epsilon: { float: 1e-3 } },
  ),
  LayerNormalization: withConstants('LayerNormalization', [floats('s', [6]), floats('b', [6], 1)], {
    epsilon: { float: 1e-4 },
  }),
  'LayerNormalization over axes, without a shift': withConstants(
    'LayerNormalization',
    [floats('s', [7, 6])],
    { axis: 2 },
  ),
  InstanceNormalization: withConstants('InstanceNormalization', channels('s', 'b')),
  'GroupNormalization with scales per group': withConstants(
    'GroupNormalization',
    [floats('s', [2]), floats('b', [2], 1)],
    { num_groups: 2 },
  ),
  LpNormalization: one('LpNormalization', { axis: 1, p: 2 }),
  'LpNormalization of order 1': one('LpNormalization', { axis: 1, p: 1 }, true),
  MaxPool: one('MaxPool', {
    kernel_shape: ints(3, 2),
    strides: ints(2, 2),
    pads: ints(1, 0, 1, 0),
  }),
  'MaxPool with unequal borders': one('MaxPool', {
    kernel_shape: ints(2, 2),
    strides: ints(2, 2),
    pads: ints(0, 0, 1, 1),
  }),
  'MaxPool in ceil mode': one('MaxPool', {
    kernel_shape: ints(3, 3),
    strides: ints(2, 2),
    ceil_mode: 1,
  }),
  AveragePool: one('AveragePool', { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
  'AveragePool without its border': one('AveragePool', {
    kernel_shape: ints(3, 3),
    strides: ints(2, 2),
    pads: ints(1, 1, 1, 1),
  }),
  'AveragePool with its border': one('AveragePool', {
    kernel_shape: ints(3, 3),
    strides: ints(2, 2),
    pads: ints(1, 1, 0, 1),
    count_include_pad: 1,
  }),
  'AveragePool in ceil mode': one('AveragePool', {
    kernel_shape: ints(3, 3),
    strides: ints(2, 2),
    ceil_mode: 1,
  }),
  GlobalAveragePool: one('GlobalAveragePool'),
  GlobalMaxPool: one('GlobalMaxPool'),
  Relu: one('Relu'),
  LeakyRelu: one('LeakyRelu', { alpha: { float: 0.2 } }),
  PRelu: withConstants('PRelu', [floats('slope', [4, 1, 1])]),
  Elu: one('Elu', { alpha: { float: 0.7 } }),
  Selu: one('Selu'),
  Sigmoid: one('Sigmoid'),
  HardSigmoid: one('HardSigmoid', { alpha: { float: 0.3 } }),
  HardSwish: one('HardSwish'),
  Mish: one('Mish'),
  Softplus: one('Softplus'),
  Softsign: one('Softsign'),
  Tanh: one('Tanh'),
  Erf: one('Erf'),
  Exp: one('Exp'),
  Log: one('Log', {}, true),
  Sqrt: one('Sqrt', {}, true),
  Reciprocal: one('Reciprocal', {}, true),
  Abs: one('Abs'),
  Neg: one('Neg'),
  Clip: withConstants('Clip', [number('low', -0.4), number('high', 0.55)]),
  'Clip from above': {
    x: images,
    constants: [number('high', 0.5)],
    nodes: [node('Clip', ['x', '', 'high'])],
  },
  'Pow by 2': withConstants('Pow', [number('p', 2)]),
  'Pow by a half': { ...withConstants('Pow', [number('p', 0.5)]), positive: true },
  'Pow by 3': withConstants('Pow', [number('p', 3)]),
  'Add, Sub, Mul and Div': {
    x: images,
    constants: [
      floats('a', [4, 1, 1]),
      floats('b', [6], 1),
      floats('c', [7, 1], 2),
      above(floats('d', [1, 4, 1, 1], 3)),
    ],
    nodes: [
      // A first layer, so that what follows does not scale pixels.
      node('Relu', ['x'], {}, ['r']),
      node('Add', ['r', 'a'], {}, ['t1']),
      node('Sub', ['t1', 'b'], {}, ['t2']),
      node('Mul', ['t2', 'c'], {}, ['t3']),
      node('Div', ['t3', 'd']),
    ],
  },
  'Max, Min, Sum and Mean': {
    ...{ x: images, constants: [floats('a', [6]), floats('b', [4, 1, 1], 1)] },
    nodes: [
      node('Max', ['x', 'a', 'b'], {}, ['t1']),
      node('Min', ['t1', 'x'], {}, ['t2']),
      node('Sum', ['x', 't2', 'a'], {}, ['t3']),
      node('Mean', ['x', 't3']),
    ],
  },
  'Where of a comparison': {
    ...{ x: images, constants: [number('limit', 0.11), floats('a', [6])] },
    nodes: [
      node('Greater', ['x', 'limit'], {}, ['g']),
      node('Not', ['g'], {}, ['n']),
      node('Where', ['n', 'x', 'a']),
    ],
  },
  Softmax: one('Softmax', { axis: 1 }),
  LogSoftmax: one('LogSoftmax', { axis: -1 }),
  ReduceMean: {
    x: images,
    constants: [whole('axes', [2, -1])],
    nodes: [node('ReduceMean', ['x', 'axes'], { keepdims: 0 })],
  },
  'ReduceSum of all': one('ReduceSum'),
  'ReduceMax and ReduceMin': {
    ...{ x: images, constants: [whole('last', [-1]), whole('first', [0])] },
    nodes: [node('ReduceMax', ['x', 'last'], {}, ['m']), node('ReduceMin', ['m', 'first'])],
  },
  'ReduceL2 and ReduceSumSquare': {
    ...{ x: images, constants: [whole('last', [-1]), whole('first', [1])] },
    nodes: [node('ReduceL2', ['x', 'last'], {}, ['m']), node('ReduceSumSquare', ['m', 'first'])],
  },
  Concat: {
    x: images,
    constants: [floats('a', [2, 4, 2, 6])],
    nodes: [node('Concat', ['a', 'x'], { axis: 2 })],
  },
  'Reshape, Transpose and Flatten': {
    ...{ x: images, constants: [whole('to', [0, 2, 2, -1])] },
    nodes: [
      node('Reshape', ['x', 'to'], {}, ['r']),
      node('Transpose', ['r'], { perm: ints(0, 2, 1, 3) }, ['t']),
      node('Flatten', ['t'], { axis: 2 }),
    ],
  },
  'Squeeze and Unsqueeze': {
    ...{ x: [2, 1, 3], constants: [whole('one', [1]), whole('ends', [0, -1])] },
    nodes: [node('Squeeze', ['x', 'one'], {}, ['s']), node('Unsqueeze', ['s', 'ends'])],
  },
  'Slice with steps': {
    ...{
      x: images,
      constants: [
        whole('from', [1, -6]),
        whole('to', [2 ** 40, -4]),
        whole('axes', [2, 3]),
        whole('steps', [2, 1]),
      ],
    },
    nodes: [node('Slice', ['x', 'from', 'to', 'axes', 'steps'])],
  },
  'Slice backwards': {
    ...{
      x: images,
      constants: [
        whole('from', [-1]),
        whole('to', [-(2 ** 40)]),
        whole('axes', [1]),
        whole('steps', [-1]),
      ],
    },
    nodes: [node('Slice', ['x', 'from', 'to', 'axes', 'steps'])],
  },
  'Split in unequal parts': {
    ...{ x: images, constants: [whole('parts', [3, 1])] },
    nodes: [node('Split', ['x', 'parts'], { axis: 1 }, ['p', 'q']), node('Mul', ['p', 'q'])],
  },
  'Split by number': {
    x: images,
    nodes: [node('Split', ['x'], { axis: 3, num_outputs: 2 }, ['p', 'q']), node('Sub', ['q', 'p'])],
  },
  'Gather of rows': {
    x: images,
    constants: [whole('i', [2, -1, 2, 0], [2, 2])],
    nodes: [node('Gather', ['x', 'i'], { axis: 1 })],
  },
  'Gather of one': {
    x: images,
    constants: [whole('i', [-2], [])],
    nodes: [node('Gather', ['x', 'i'], { axis: 2 })],
  },
  'Expand of a weight': {
    ...{ x: [2, 3, 4], constants: [floats('token', [1, 1, 4]), whole('shape', [2, 1, 4])] },
    nodes: [node('Expand', ['token', 'shape'], {}, ['e']), node('Concat', ['e', 'x'], { axis: 1 })],
  },
  Tile: { x: [2, 3], constants: [whole('times', [1, 3])], nodes: [node('Tile', ['x', 'times'])] },
  'Pad with a constant': {
    x: images,
    constants: [whole('pads', [0, 0, 1, 0, 0, 0, 2, -1]), number('value', 0.5)],
    nodes: [node('Pad', ['x', 'pads', 'value'])],
  },
  'Pad by reflection': {
    x: images,
    constants: [whole('pads', [0, 0, 2, 1, 0, 0, 1, 3])],
    nodes: [node('Pad', ['x', 'pads'], { mode: 'reflect' })],
  },
  'Pad by the edge': {
    x: images,
    constants: [whole('pads', [0, 0, 2, 1, 0, 0, 1, 3])],
    nodes: [node('Pad', ['x', 'pads'], { mode: 'edge' })],
  },
  SpaceToDepth: { x: [1, 2, 4, 6], nodes: [node('SpaceToDepth', ['x'], { blocksize: 2 })] },
  DepthToSpace: { x: [1, 8, 2, 3], nodes: [node('DepthToSpace', ['x'], { blocksize: 2 })] },
  'DepthToSpace by columns': {
    x: [1, 8, 2, 3],
    nodes: [node('DepthToSpace', ['x'], { blocksize: 2, mode: 'CRD' })],
  },
  'Cast, Identity and Dropout': {
    x: images,
    nodes: [
      node('Cast', ['x'], { to: 1 }, ['c']),
      node('Identity', ['c'], {}, ['i']),
      node('Dropout', ['i']),
    ],
  },
};
