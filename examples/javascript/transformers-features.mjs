/**
 * Compares images with transformers.js, from a folder that `likeness export --format hub` has
 * written:
 *
 *   node transformers-features.mjs ./photos-encoder first.jpg second.jpg third.jpg
 *
 * Needs @huggingface/transformers and sharp. Nothing is downloaded.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { env, pipeline, RawImage } from '@huggingface/transformers';
import sharp from 'sharp';

const [folder, first, ...others] = process.argv.slice(2);
if (!folder || !first) throw new Error('expected a folder of a model, and images');
env.allowRemoteModels = false;
env.localModelPath = dirname(resolve(folder));
const extract = await pipeline('image-feature-extraction', basename(resolve(folder)), {
  dtype: 'fp32', // or fp16 and q8, the smaller files
});
const { size } = JSON.parse(readFileSync(join(folder, 'preprocessor_config.json'), 'utf8'));

/** Resizes bilinearly with antialiasing, as likeness does and transformers.js does not. */
async function load(file) {
  const { shortest_edge: side } = size;
  const shape = side ? { width: side, height: side, fit: 'outside' } : { ...size, fit: 'fill' };
  const { data, info } = await sharp(file)
    .rotate()
    .resize({ ...shape, kernel: 'linear' })
    .toColorspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return new RawImage(data, info.width, info.height, info.channels);
}

const images = await Promise.all([first, ...others].map(load));
const { data, dims } = await extract(images); // [n, D], rows of length 1
const D = dims[1];
console.log(`${dims[0]} images, ${D} features`);
for (const [i, other] of others.entries()) {
  const row = data.subarray((i + 1) * D, (i + 2) * D);
  const cosine = row.reduce((sum, value, d) => sum + value * data[d], 0);
  console.log(`${first} and ${other}: cosine ${cosine.toFixed(4)}`);
}
