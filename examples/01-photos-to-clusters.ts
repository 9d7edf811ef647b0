/** Photos to clusters: train, cluster, evaluate, assign a new image, write a report and a model. */
import { openImages, train } from '../src/likeness.ts';
import { budget, firstImage, folder } from './input.ts';

const images = await openImages(folder);
const model = await train(images, { out: 'runs/photos', ...budget });
const groups = await model.cluster(images);
console.log(`${groups.images.length} images in ${groups.k} clusters. ${groups.kReason}`);
const scores = await model.evaluate(images);
console.log(scores ? `NMI with the labels: ${scores.nmi?.toFixed(3)}` : 'no labels');
const [first] = await model.assign([await firstImage(images)], groups);
console.log(`${first?.path} belongs to cluster ${first?.cluster}`);
console.log(`report: ${await groups.writeReport()}`);
console.log(`model: ${(await model.exportOnnx('encoder.onnx')).file}`);
