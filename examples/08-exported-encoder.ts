/** ONNX: features from an exported encoder in plain onnxruntime-node, without this library. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { openEncoder, openImages } from '../src/likeness.ts';
import { firstImage, folder, trainedModel } from './input.ts';

const images = await openImages(folder);
const model = await trainedModel(images);
const { file, input, output, imageSize: size } = await model.exportOnnx('encoder.onnx');
const image = await firstImage(images);

// Square RGB pixels, channel by channel, as values from 0 to 1. Normalization is part of the model.
const rgb = await sharp(image)
  .resize(size, size, { fit: 'cover' })
  .toColorspace('srgb')
  .removeAlpha()
  .raw()
  .toBuffer();
const channels = rgb.length / size ** 2;
const values = Float32Array.from({ length: 3 * size ** 2 }, (_, i) => {
  const [channel, pixel] = [Math.floor(i / size ** 2), i % size ** 2];
  return rgb[pixel * channels + Math.min(channel, channels - 1)]! / 255;
});
const session = await InferenceSession.create(file);
const results = await session.run({ [input]: new Tensor('float32', values, [1, 3, size, size]) });
const feature = results[output]!.data as Float32Array; // [D]

const encoder = await openEncoder(file);
const { data } = await encoder.embedFiles([image]);
const cosine = feature.reduce((sum, value, d) => sum + value * data[d]!, 0);
console.log(`dimension ${feature.length}, cosine with openEncoder ${cosine.toFixed(4)}`);
await encoder.close();
