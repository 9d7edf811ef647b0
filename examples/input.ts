/**
 * Input of the examples: the folder in their argument, or the sample with tiny settings. A second
 * argument `tiny` takes these for the folder, too.
 */
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import {
  type Images,
  type Model,
  openModel,
  samplePath,
  type TrainOptions,
  train,
} from '../src/likeness.ts';

/** Folder of images: the first argument, or the bundled sample. */
export const folder = process.argv[2] ?? samplePath;
/** True for tiny settings. */
export const isTiny = folder === samplePath || process.argv[3] === 'tiny';

/**
 * Ten minutes for your images; one epoch of a tiny encoder for the sample, so that an example ends
 * at once.
 */
export const budget: TrainOptions = isTiny
  ? {
      epochs: 1,
      settings: { encoder: { architecture: 'resnet10', width: 4 }, run: { checkpointSeconds: 1 } },
    }
  : { minutes: 10 };

/** Opens the model that the first example has trained, or trains one. */
export async function trainedModel(images: Images): Promise<Model> {
  const out = 'runs/photos';
  return openModel(out).catch(() => train(images, { out, ...budget }));
}

/** Writes the first image of a source as a PNG file of its own. */
export async function firstImage(images: Images): Promise<string> {
  const image = await images.source.read(0);
  const file = 'new.png';
  if (image.kind === 'encoded') await writeFile(file, image.bytes);
  else {
    const { pixels, width, height, channels } = image;
    await sharp(pixels, { raw: { width, height, channels } }).toFile(file);
  }
  return file;
}
