/**
 * Sorts new images into a folder per cluster, with an exported model and without likeness:
 *
 *   node sort-images.mjs photos-encoder sorted new/*.jpg
 *
 * The folder is one that `likeness export --format hub` has written for a run with clusters. Needs
 * onnxruntime-node and sharp.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

const [folder, target, ...files] = process.argv.slice(2);
if (!folder || !target || files.length === 0) {
  throw new Error('expected a folder of a model, a folder to write, and images');
}
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const { id2label: names } = read('config.json');
const { size, crop_size: crop } = read('preprocessor_config.json');
const session = await InferenceSession.create(join(folder, 'onnx', 'model.onnx'));

/** Pixels [3, s, s] from 0 to 1: resized, and the central square. */
async function pixelsOf(file) {
  const shape = size.shortest_edge
    ? { width: size.shortest_edge, height: size.shortest_edge, fit: 'outside' }
    : { width: size.width, height: size.height, fit: 'fill' };
  const resized = await sharp(file)
    .rotate()
    .resize({ ...shape, kernel: 'linear' })
    .toColorspace('srgb')
    .flatten()
    .png()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = resized.info;
  const { data, info } = await sharp(resized.data)
    .extract({
      left: Math.round((width - crop.width) / 2),
      top: Math.round((height - crop.height) / 2),
      ...crop,
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const plane = crop.width * crop.height;
  return Float32Array.from({ length: 3 * plane }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / plane), i % plane];
    return data[pixel * info.channels + Math.min(channel, info.channels - 1)] / 255;
  });
}

for (const file of files) {
  const pixels = new Tensor('float32', await pixelsOf(file), [1, 3, crop.height, crop.width]);
  const { clusters } = await session.run({ pixel_values: pixels }, ['clusters']);
  const best = clusters.data.reduce((top, value, i, all) => (value > all[top] ? i : top), 0);
  const place = join(target, names[best].replace(/[\\/:*?"<>|]|^\.+/g, '_'));
  mkdirSync(place, { recursive: true });
  copyFileSync(file, join(place, basename(file)));
  console.log(`${file}: ${names[best]}, probability ${clusters.data[best].toFixed(3)}`);
}
