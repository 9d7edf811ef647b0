/** Evaluation: scores of the trained encoder beside an untrained one and raw pixels. */
import { openImages } from '../src/likeness.ts';
import { folder, trainedModel } from './input.ts';

const images = await openImages(folder);
const model = await trainedModel(images);
const scores = await model.evaluate(images);

if (scores === null) {
  console.log('no image has a label; expected a folder per class, or a labeled data set');
} else {
  const rows = { 'trained encoder': scores, ...scores.baselines };
  const show = (value?: number | null) => value?.toFixed(3) ?? '-';
  for (const [name, { nmi, knn, linear }] of Object.entries(rows)) {
    const accuracies = `kNN ${show(knn?.accuracy)}, linear ${show(linear?.accuracy)}`;
    console.log(`${name}: NMI ${show(nmi)}, ${accuracies}`);
  }
  for (const sentence of scores.verdict ?? []) console.log(sentence);
}
