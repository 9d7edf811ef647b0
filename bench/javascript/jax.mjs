/** A peer of the benchmark of libraries in JavaScript: jax-js on its WASM backend, the whole step compiled by `jit`. */
import { init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import {
  BLOCKS,
  EPSILON,
  LEARNING_RATE,
  MOMENTUM,
  serve,
  startValues,
  versionOf,
} from './pipe.mjs';

await init();
const { images, targets, ...weights } = startValues();
const isTrained = (name) => !name.includes('running_');
const arrayOf = ({ data, shape }) => np.array(data).reshape([...shape]);
let parameters = Object.fromEntries(
  Object.entries(weights)
    .filter(([name]) => isTrained(name))
    .map(([name, tensor]) => [name, arrayOf(tensor)]),
);
let velocities = tree.map((weight) => np.zerosLike(weight.ref), parameters);
const x = arrayOf(images);
const [classes] = parameters['fc.bias'].shape;
const labels = nn.oneHot(np.array(Int32Array.from(targets.data, Number)), classes);

function convolve(input, filters, stride) {
  const padding = (filters.shape[2] - 1) / 2;
  return lax.convGeneralDilated(
    input,
    filters,
    [stride, stride],
    [
      [padding, padding],
      [padding, padding],
    ],
  );
}

/** Arrays are handed over to what uses them; `ref` is one more use. */
function normalize(input, p, name) {
  const perChannel = (values) => values.reshape([1, values.shape[0], 1, 1]);
  const centerd = input.ref.sub(np.mean(input, [0, 2, 3], { keepdims: true }));
  const variance = np.mean(np.square(centerd.ref), [0, 2, 3], { keepdims: true });
  const unit = centerd.mul(np.reciprocal(np.sqrt(variance.add(EPSILON))));
  return unit.mul(perChannel(p[`${name}.weight`])).add(perChannel(p[`${name}.bias`]));
}

function block(input, p, name, stride) {
  const isShort = !(`${name}.downsample.0.weight` in p);
  const first = convolve(input.ref, p[`${name}.conv1.weight`], stride);
  const inner = nn.relu(normalize(first, p, `${name}.bn1`));
  const outer = normalize(convolve(inner, p[`${name}.conv2.weight`], 1), p, `${name}.bn2`);
  const beside = isShort
    ? input
    : normalize(
        convolve(input, p[`${name}.downsample.0.weight`], stride),
        p,
        `${name}.downsample.1`,
      );
  return nn.relu(outer.add(beside));
}

function loss(p, input, wanted) {
  let maps = nn.relu(normalize(convolve(input, p['conv1.weight'], 1), p, 'bn1'));
  for (const [stage, count] of BLOCKS.entries()) {
    for (let i = 0; i < count; i++)
      maps = block(maps, p, `layer${stage + 1}.${i}`, stage > 0 && i === 0 ? 2 : 1);
  }
  const logits = np.matmul(np.mean(maps, [2, 3]), np.transpose(p['fc.weight'])).add(p['fc.bias']);
  return np.mean(np.sum(nn.logSoftmax(logits).mul(wanted), 1)).mul(-1);
}

const step = jit((p, v, input, wanted) => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(p), input, wanted);
  const next = tree.map((velocity, gradient) => velocity.mul(MOMENTUM).add(gradient), v, gradients);
  const moved = tree.map(
    (weight, velocity) => weight.sub(velocity.ref.mul(LEARNING_RATE)),
    p,
    next,
  );
  return [moved, next, value];
});

await serve({ versions: { 'jax-js': versionOf('@jax-js/jax') }, backend: 'wasm' }, async () => {
  const [moved, next, value] = step(parameters, velocities, x.ref, labels.ref);
  [parameters, velocities] = [moved, next];
  const [found] = await value.data();
  return found;
});
