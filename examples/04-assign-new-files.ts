/** New files: assign images to the clusters of a run, with a threshold for undecided ones. */
import { openImages } from '../src/likeness.ts';
import { firstImage, folder, trainedModel } from './input.ts';

/** Lead over the second best cluster below which an image counts as undecided. */
const MIN_MARGIN = 0.01;

const images = await openImages(folder);
const model = await trainedModel(images);
if (!(await model.clustering())) await model.cluster(images);

const assigned = await model.assign([await firstImage(images), 'README.md']);
for (const { path, cluster, confidence, margin } of assigned) {
  const answer = margin < MIN_MARGIN ? 'undecided' : `cluster ${cluster}`;
  const numbers = `confidence ${confidence.toFixed(2)}, margin ${margin.toFixed(3)}`;
  console.log(`${path}: ${answer} (${numbers})`);
}
for (const { path, reason } of assigned.unreadable) console.log(`${path}: ${reason}`);
