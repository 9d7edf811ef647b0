/** Embeddings to Python: write the features as a NumPy array, with ids and labels beside it. */
import { openImages } from '../src/likeness.ts';
import { folder, trainedModel } from './input.ts';

const images = await openImages(folder);
const model = await trainedModel(images);
const { files, count, dimension } = await model.embedTo('features.npy', images);

console.log(`${count} features of dimension ${dimension} in ${files.join(' and ')}`);
console.log('In Python:');
console.log('  import numpy as np, csv');
console.log("  features = np.load('features.npy')        # [N, D], rows of length 1");
console.log("  rows = list(csv.DictReader(open('features.npy.ids.csv')))");
console.log('  nearest = np.argsort(-(features @ features[0]))[:10]');
