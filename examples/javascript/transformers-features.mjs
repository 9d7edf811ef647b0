/**
 * Compares images with transformers.js, from a folder that `likeness export --format hub` has
 * written:
 *
 *   node transformers-features.mjs ./photos-encoder first.jpg second.jpg third.jpg
 *
 * Needs @huggingface/transformers. Nothing is downloaded.
 */
import { basename, dirname, resolve } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

const [folder, first, ...others] = process.argv.slice(2);
if (!folder || !first) throw new Error('expected a folder of a model, and images');
env.allowRemoteModels = false;
env.localModelPath = dirname(resolve(folder));
const extract = await pipeline('image-feature-extraction', basename(resolve(folder)), {
  dtype: 'fp32', // or fp16 and q8, the smaller files
});
const { data, dims } = await extract([first, ...others]); // [n, D], rows of length 1
const D = dims[1];
console.log(`${dims[0]} images, ${D} features`);
for (const [i, other] of others.entries()) {
  const row = data.subarray((i + 1) * D, (i + 2) * D);
  const cosine = row.reduce((sum, value, d) => sum + value * data[d], 0);
  console.log(`${first} and ${other}: cosine ${cosine.toFixed(4)}`);
}
