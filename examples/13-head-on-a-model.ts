/** Head on a pretrained model: train clusters on its features, in place of k-means. */
import { openImages, train } from '../src/likeness.ts';
import { folder } from './input.ts';

const images = await openImages(folder);
// An ONNX file of your own, or a folder as hubs lay them out.
const model = await train(images, { encoder: 'encoder.onnx', k: 10, out: 'runs/head' });
const groups = await model.cluster(images);
console.log(`${groups.images.length} images in ${groups.k} clusters by the ${groups.by}`);
const scores = await model.evaluate(images);
console.log(`NMI ${scores?.nmi?.toFixed(3)}, k-means ${scores?.baselines.kmeans?.nmi?.toFixed(3)}`);
