/** Evaluation: scores of the trained encoder beside an untrained one, raw pixels and a color histogram. */
import { openImages } from '../src/likeness.ts';
import { folder, trainedModel } from './input.ts';

const images = await openImages(folder);
const model = await trainedModel(images);
const scores = await model.evaluate(images);

if (scores === null) {
  console.log('no image has a label; expected a folder per class, or a labeled data set');
} else {
  const rows = { 'trained encoder': scores, ...scores.baselines };
  for (const [name, { nmi, knn, linear }] of Object.entries(rows)) {
    const cells = { NMI: nmi, kNN: knn?.accuracy, linear: linear?.accuracy };
    const texts = Object.entries(cells).map(([title, value]) => `${title} ${value?.toFixed(3) ?? '-'}`);
    console.log(`${name}: ${texts.join(', ')}`);
  }
  for (const sentence of scores.verdict ?? []) console.log(sentence);
}
