import { expect, it } from 'vitest';
import { temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

/** Encodes an image of STL-10, planes in column-major order: red = x, green = y, blue given. */
function picture(blue: number): Buffer {
  const bytes = Buffer.alloc(3 * 96 * 96);
  for (let x = 0; x < 96; x++) {
    for (let y = 0; y < 96; y++) {
      bytes[x * 96 + y] = x;
      bytes[9216 + x * 96 + y] = y;
      bytes[2 * 9216 + x * 96 + y] = blue;
    }
  }
  return bytes;
}

it('STL-10: column-major planes, labels from 1, unlabeled images for training', async () => {
  const source = await openSource(
    writeTree(temporaryFolder(), {
      'train_X.bin': Buffer.concat([picture(1), picture(2)]),
      'train_y.bin': Uint8Array.of(1, 10),
      'test_X.bin': picture(3),
      'test_y.bin': Uint8Array.of(5),
      'unlabeled_X.bin': Buffer.concat([picture(4), Buffer.alloc(7)]),
      'class_names.txt': 'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n',
      'fold_indices.txt': '',
    }),
  );
  expect(source.kind).toBe('stl10');
  expect(source.entries).toEqual([
    { id: 'train/00000', label: 0, split: 'train' },
    { id: 'train/00001', label: 9, split: 'train' },
    { id: 'unlabeled/00000', split: 'train' },
    { id: 'test/00000', label: 4, split: 'test' },
  ]);
  expect(source.labelNames?.[4]).toBe('deer');
  expect(source.skipped).toEqual([
    { id: 'unlabeled_X.bin#1', reason: 'truncated: 7 of 27648 bytes of the last record' },
  ]);
  for (const [index, blue] of [1, 2, 4, 3].entries()) {
    const image = await source.read(index);
    if (image.kind !== 'raw') throw new Error('expected pixels');
    const at = (5 * 96 + 80) * 3; // y = 5, x = 80
    expect([...image.pixels.subarray(at, at + 3)]).toEqual([80, 5, blue]);
  }
  await source.close();
});
