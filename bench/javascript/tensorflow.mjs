/** A peer of the benchmark of libraries in JavaScript: TensorFlow.js in plain JavaScript; its WASM backend cannot train a convolution. */
import * as tf from '@tensorflow/tfjs';
import { BLOCKS, EPSILON, LEARNING_RATE, MOMENTUM, serve, startValues } from './pipe.mjs';

await tf.setBackend('cpu');
const { images, targets, ...weights } = startValues();
const isTrained = (name) => !name.includes('running_');
const variables = Object.fromEntries(
  Object.entries(weights)
    .filter(([name]) => isTrained(name))
    .map(([name, { data, shape }]) => {
      const tensor = tf.tensor(data, [...shape]);
      // Filters [O, C, kh, kw] are [kh, kw, C, O] here.
      return [name, tf.variable(shape.length === 4 ? tensor.transpose([2, 3, 1, 0]) : tensor)];
    }),
);
const x = tf.tensor(images.data, [...images.shape]).transpose([0, 2, 3, 1]); // [N, H, W, 3]
const labels = tf.oneHot(
  tf.tensor1d(Int32Array.from(targets.data, Number), 'int32'),
  variables['fc.bias'].shape[0],
);

function convolve(input, name, stride) {
  const filters = variables[`${name}.weight`];
  return tf.conv2d(input, filters, stride, (filters.shape[0] - 1) / 2, 'NHWC', 1, 'floor');
}

function normalize(input, name) {
  const { mean, variance } = tf.moments(input, [0, 1, 2]);
  return tf.batchNorm(
    input,
    mean,
    variance,
    variables[`${name}.bias`],
    variables[`${name}.weight`],
    EPSILON,
  );
}

function block(input, name, stride) {
  const inner = normalize(convolve(input, `${name}.conv1`, stride), `${name}.bn1`).relu();
  const outer = normalize(convolve(inner, `${name}.conv2`, 1), `${name}.bn2`);
  const isShort = !(`${name}.downsample.0.weight` in variables);
  const beside = isShort
    ? input
    : normalize(convolve(input, `${name}.downsample.0`, stride), `${name}.downsample.1`);
  return outer.add(beside).relu();
}

function loss() {
  let maps = normalize(convolve(x, 'conv1', 1), 'bn1').relu();
  for (const [stage, count] of BLOCKS.entries()) {
    for (let i = 0; i < count; i++)
      maps = block(maps, `layer${stage + 1}.${i}`, stage > 0 && i === 0 ? 2 : 1);
  }
  const logits = maps
    .mean([1, 2])
    .matMul(variables['fc.weight'], false, true)
    .add(variables['fc.bias']);
  return tf.losses.softmaxCrossEntropy(labels, logits);
}

const optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
await serve(
  { versions: { 'TensorFlow.js': tf.version_core }, backend: tf.getBackend() },
  async () => {
    const found = optimizer.minimize(loss, true);
    const [value] = await found.data();
    found.dispose();
    return value;
  },
);
