/** Variants of real photos, as near-duplicates arise: encoded, resized, cropped and mirrored. */
import sharp from 'sharp';
import { randomAt } from '../src/core/random.ts';

/** Kinds of variants, in the order of the table. */
export const variantKinds = [
  'encoded',
  'resized',
  'cropped',
  'mirrored',
  'brightness',
  'text',
] as const;
export type VariantKind = (typeof variantKinds)[number];

/** Words that are written into pictures. */
const words = ['SAMPLE', 'Summer 2024', '© J. Doe', 'like & share', 'DRAFT 2', 'photo of the day'];

/**
 * Makes a variant of a picture as a JPEG: quality 30 to 90, a size of 50 to 150 %, 5 % of width and
 * height cut off at random edges, mirrored, brightness times 0.6 to 1.4, or a line of text. All but
 * `encoded` have quality 90.
 */
export async function makeVariant(
  picture: Uint8Array,
  kind: VariantKind,
  { seed, image }: { seed: number; image: number },
): Promise<Buffer> {
  const random = randomAt(seed, 'synthetic', image, variantKinds.indexOf(kind));
  // Decoded first: sharp reorders operations of one pipeline.
  const { data, info } = await sharp(picture)
    .rotate()
    .removeAlpha()
    .toColorspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const decoded = sharp(data, { raw: { width, height, channels: 3 } });
  switch (kind) {
    case 'encoded':
      return decoded.jpeg({ quality: 30 + random.integer(61) }).toBuffer();
    case 'resized': {
      const scale = random.uniform(0.5, 1.5);
      const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
      return decoded
        .resize({ ...size, fit: 'fill' })
        .jpeg({ quality: 90 })
        .toBuffer();
    }
    case 'cropped': {
      const [w, h] = [Math.round(width * 0.95), Math.round(height * 0.95)];
      const left = random.integer(width - w + 1);
      const top = random.integer(height - h + 1);
      return decoded.extract({ left, top, width: w, height: h }).jpeg({ quality: 90 }).toBuffer();
    }
    case 'mirrored':
      return decoded.flop().jpeg({ quality: 90 }).toBuffer();
    case 'brightness': {
      const factor = random.chance(0.5) ? random.uniform(0.6, 0.9) : random.uniform(1.1, 1.4);
      return decoded.linear(factor, 0).jpeg({ quality: 90 }).toBuffer();
    }
    case 'text': {
      const size = Math.max(8, Math.round(height * random.uniform(0.08, 0.14)));
      const y = Math.round(random.uniform(size, height - size / 3));
      const word = words[random.integer(words.length)]!.replace('&', '&amp;');
      const color = random.chance(0.5) ? 'white' : 'black';
      const svg =
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
        `<text x="${Math.round(width * 0.05)}" y="${y}" font-family="sans-serif" ` +
        `font-size="${size}" fill="${color}">${word}</text></svg>`;
      return decoded
        .composite([{ input: Buffer.from(svg) }])
        .jpeg({ quality: 90 })
        .toBuffer();
    }
  }
}
