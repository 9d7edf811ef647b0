/** A method of your own, in one file: Barlow Twins, trained and measured like the built-in ones. */
import { z } from 'zod';
import { defineMethod, openImages, project, projectionSettings, train } from '../src/likeness.ts';
import {
  add,
  arange,
  div,
  matmul,
  mean,
  mul,
  oneHot,
  split,
  sqrt,
  sub,
  sum,
  type Tensor,
  transpose,
  variance,
} from '../src/tensor/index.ts';
import { budget, folder } from './input.ts';

/** Coordinates of z [B, D] with mean 0 and variance 1 over the batch. */
function standardized(z: Tensor): Tensor {
  return div(sub(z, mean(z, { axes: [0] })), sqrt(add(variance(z, { axes: [0] }), 1e-5))); // [B, D]
}

/** Zbontar et al., "Barlow Twins", ICML 2021, equation 1: a cross-correlation C near I. */
const barlowTwins = defineMethod({
  name: 'barlow-twins',
  about: 'coordinates of two views correlate with themselves and with no other',
  crops: 'pair',
  settings: z.strictObject({
    ...projectionSettings,
    redundancy: z
      .number()
      .positive()
      .default(0.005)
      .describe('weight of the terms off the diagonal'),
  }),
  head: (settings) => ({ project: (variables, h) => project(variables, h, settings) }),
  step({ crops: [images], settings, step, model }) {
    const [a, b] = split(model.embed(images!), 2).map(standardized) as [Tensor, Tensor]; // [B, D]
    const C = mul(matmul(transpose(a), b), 1 / step.batchSize); // [D, D]
    const I = oneHot(arange(settings.embeddingDim), settings.embeddingDim); // [D, D]
    const weight = add(mul(I, 1 - settings.redundancy), settings.redundancy); // [D, D]
    const off = sub(C, I); // [D, D]
    step.minimize(sum(mul(weight, mul(off, off))));
    step.observe({ embeddings: a, geometry: 'gaussian', pairs: [a, b] });
  },
});

const images = await openImages(folder);
const model = await train(images, { method: barlowTwins, out: 'runs/barlow-twins', ...budget });
const scores = await model.evaluate(images);
console.log(`${model.method}: step ${model.step}, kNN ${scores?.knn.accuracy?.toFixed(3) ?? '-'}`);
