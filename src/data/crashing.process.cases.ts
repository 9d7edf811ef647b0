/**
 * A decoding process for tests. Files that consist of a word do what it says; others are decoded.
 */
import process from 'node:process';
import { decodeImage, imageSize } from './decode.ts';
import { serveDecoder } from './decoderServer.ts';
import { sampleValues } from './deepSample.ts';
import type { EncodedImage, RawImage } from './types.ts';

async function obey(image: EncodedImage | RawImage): Promise<void> {
  const word =
    image.kind === 'encoded' && image.bytes.length < 20 ? Buffer.from(image.bytes).toString() : '';
  if (word.startsWith('SIG')) process.kill(process.pid, word);
  if (word === 'ABORT') process.abort();
  if (word === 'EXIT') process.exit(3);
  if (word === 'HANG') await new Promise(() => {});
  if (word === 'SPIN') for (;;);
}

serveDecoder({
  decode: async (image, options) => {
    await obey(image);
    return decodeImage(image, options);
  },
  measure: async (image) => {
    await obey(image);
    return imageSize(image);
  },
  sample: async (image) => {
    await obey(image);
    return sampleValues(image);
  },
});
