import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { errorOf, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

/** Images of `height` 2 and `width` 3, with the given bytes. */
function images(count: number, bytes: number[], magic = 0x803): Buffer {
  const header = Buffer.alloc(16);
  for (const [i, word] of [magic, count, 2, 3].entries()) header.writeUInt32BE(word, i * 4);
  return Buffer.concat([header, Buffer.from(bytes)]);
}

function labels(values: number[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x801, 0);
  header.writeUInt32BE(values.length, 4);
  return Buffer.concat([header, Buffer.from(values)]);
}

const A = [1, 2, 3, 4, 5, 6];
const B = [7, 8, 9, 10, 11, 12];

describe('IDX', () => {
  it('reads images, labels, names and splits, gzipped or not', async () => {
    const path = writeTree(temporaryFolder(), {
      't10k-images-idx3-ubyte': images(1, B),
      't10k-labels-idx1-ubyte.gz': gzipSync(labels([1])),
      'train-images-idx3-ubyte.gz': gzipSync(images(2, [...A, ...B])),
      'train-labels-idx1-ubyte': labels([2, 0]),
      'labels.txt': 'shirt\nshoe\n',
      'README.md': 'not looked at',
    });
    const source = await openSource(path);
    expect(source.kind).toBe('idx');
    // The third has no name in labels.txt.
    expect(source.labelNames).toEqual(['shirt', 'shoe', '2']);
    expect(source.entries).toEqual([
      { id: 'train/00000', label: 2, split: 'train' },
      { id: 'train/00001', label: 0, split: 'train' },
      { id: 't10k/00000', label: 1, split: 'test' },
    ]);
    const read = async (index: number) => {
      const image = await source.read(index);
      return image.kind === 'raw' && [image.width, image.height, image.channels, ...image.pixels];
    };
    expect(await read(0)).toEqual([3, 2, 1, ...A]);
    expect(await read(1)).toEqual([3, 2, 1, ...B]);
    expect(await read(2)).toEqual([3, 2, 1, ...B]);
    await source.close();
    const one = await openSource(join(path, 't10k-images-idx3-ubyte'));
    expect(one.entries).toEqual([{ id: 't10k/00000', label: 1, split: 'test' }]);
    await one.close();
  });

  it('does without labels, and with fewer images than declared', async () => {
    const source = await openSource(
      writeTree(temporaryFolder(), { 'train-images.idx3-ubyte': images(3, [...A, ...B, 1]) }),
    );
    expect(source.entries).toEqual([
      { id: 'train/00000', split: 'train' },
      { id: 'train/00001', split: 'train' },
    ]);
    expect(source.labelNames).toBeUndefined();
    expect(source.skipped.at(-1)?.reason).toBe('truncated: 2 of 3 images that it declares');
    await source.close();
  });

  it('refuses images of more pixels than any that is decoded', async () => {
    const header = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    const path = writeTree(temporaryFolder(), { 'train-images-idx3-ubyte': header });
    const error = await errorOf(openSource(path));
    expect([error.code, error.message]).toEqual([
      'source.damaged',
      expect.stringMatching(
        /declares images of 65535 x 65535 pixels\. Expected at most 268,435,456 pixels/,
      ),
    ]);
  });

  it('refuses files that are damaged, saying which', async () => {
    const open = async (files: Record<string, Uint8Array>) =>
      (await errorOf(openSource(writeTree(temporaryFolder(), files)))).message;
    expect(await open({ 'train-images-idx3-ubyte': images(1, A, 0x802) })).toMatch(
      /train-images-idx3-ubyte does not begin like an IDX file of images \(found 2050, expected 2051\)/,
    );
    expect(await open({ 'train-images-idx3-ubyte': Buffer.alloc(3) })).toMatch(
      /does not begin like an IDX file/,
    );
    expect(await open({ 'train-images-idx3-ubyte.gz': Buffer.from('no gzip') })).toMatch(
      /cannot be unpacked/,
    );
    const whole = gzipSync(images(1, A));
    expect(await open({ 'train-images-idx3-ubyte.gz': whole.subarray(0, 20) })).toMatch(
      /cannot be unpacked/,
    );
    expect(
      await open({
        'train-images-idx3-ubyte': images(2, [...A, ...B]),
        'train-labels-idx1-ubyte': labels([1]),
      }),
    ).toMatch(/has 1 labels for 2 images/);
    expect(
      await open({
        'a-train-images-idx3-ubyte': images(1, A),
        'b-train-images-idx3-ubyte': images(1, A),
      }),
    ).toMatch(/holds 2 different IDX data sets/);
  });
});

describe('the sample', () => {
  it('holds 400 training and 100 test images of each of ten named classes', async () => {
    const source = await openSource(join(import.meta.dirname, '../../sample'));
    expect(source.labelNames).toEqual(
      'T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot'.split(','),
    );
    for (const [split, perClass] of [
      ['train', 400],
      ['test', 100],
    ] as const) {
      const labels = source.entries
        .filter((entry) => entry.split === split)
        .map((entry) => entry.label!);
      const counts = Array.from(
        { length: 10 },
        (_, c) => labels.filter((label) => label === c).length,
      );
      expect(counts).toEqual(Array(10).fill(perClass));
    }
    const hash = createHash('sha256');
    for (let i = 0; i < source.entries.length; i++) {
      const image = await source.read(i);
      if (image.kind === 'raw') hash.update(image.pixels);
    }
    // Computed with numpy from the original files: the first 400 (100) of each class, in the
    // original order.
    expect(hash.digest('hex')).toBe(
      '89da0a6a4fcfc11dc615ed5536fe1c7b7bf75efbc3070a3304b7cb9c773dd625',
    );
    await source.close();
  });
});
