import { describe, expect, it } from 'vitest';
import { temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

/**
 * Encodes a record: labels, then red, green and blue planes, where red = x, green = y, blue given.
 */
function record(labels: number[], blue: number): Buffer {
  const planes = Buffer.alloc(3072);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      planes[y * 32 + x] = x;
      planes[1024 + y * 32 + x] = y;
      planes[2048 + y * 32 + x] = blue;
    }
  }
  return Buffer.concat([Buffer.from(labels), planes]);
}

describe('CIFAR-10', () => {
  const files = {
    'data_batch_1.bin': Buffer.concat([record([3], 1), record([9], 2)]),
    'data_batch_10.bin': record([0], 3),
    'data_batch_2.bin': record([1], 4),
    'test_batch.bin': record([2], 5),
    'batches.meta.txt': 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n',
    'readme.html': '',
  };

  it('reads labels, names, splits and planes', async () => {
    const source = await openSource(writeTree(temporaryFolder(), files));
    expect(source.kind).toBe('cifar10');
    expect(source.labelNames?.[9]).toBe('truck');
    expect(source.entries).toEqual([
      { id: 'data_batch_1/00000', label: 3, split: 'train' },
      { id: 'data_batch_1/00001', label: 9, split: 'train' },
      { id: 'data_batch_2/00000', label: 1, split: 'train' },
      { id: 'data_batch_10/00000', label: 0, split: 'train' },
      { id: 'test_batch/00000', label: 2, split: 'test' },
    ]);
    for (const [index, blue] of [1, 2, 4, 3, 5].entries()) {
      const image = await source.read(index);
      if (image.kind !== 'raw') throw new Error('expected pixels');
      expect([image.width, image.height, image.channels]).toEqual([32, 32, 3]);
      const at = (7 * 32 + 21) * 3;
      expect([...image.pixels.subarray(at, at + 3)]).toEqual([21, 7, blue]);
    }
    await source.close();
  });

  it('is found in the folder that its archive unpacks to', async () => {
    const inner = Object.entries(files).map(([name, content]) => [
      `cifar-10-batches-bin/${name}`,
      content,
    ]);
    const source = await openSource(writeTree(temporaryFolder(), Object.fromEntries(inner)));
    expect([source.kind, source.name]).toEqual(['cifar10', 'cifar-10-batches-bin']);
    await source.close();
  });

  it('skips a record that is cut off, and numbers classes without names', async () => {
    const cut = Buffer.concat([record([3], 1), record([4], 1).subarray(0, 100)]);
    const source = await openSource(writeTree(temporaryFolder(), { 'data_batch_1.bin': cut }));
    expect(source.entries.length).toBe(1);
    expect(source.labelNames).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(source.skipped).toEqual([
      { id: 'data_batch_1.bin#1', reason: 'truncated: 100 of 3073 bytes of the last record' },
    ]);
    await source.close();
  });
});

describe('CIFAR-100', () => {
  it('uses the fine labels', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `class ${i}`).join('\n');
    const source = await openSource(
      writeTree(temporaryFolder(), {
        'train.bin': Buffer.concat([record([4, 72], 1), record([0, 1], 2)]),
        'test.bin': record([19, 99], 3),
        'fine_label_names.txt': names,
        'coarse_label_names.txt': 'x',
      }),
    );
    expect(source.kind).toBe('cifar100');
    expect(source.entries.map(({ label, split }) => [label, split])).toEqual([
      [72, 'train'],
      [1, 'train'],
      [99, 'test'],
    ]);
    expect(source.labelNames?.[72]).toBe('class 72');
    const image = await source.read(2);
    expect(image.kind === 'raw' && [...image.pixels.subarray(3, 6)]).toEqual([1, 0, 3]);
    await source.close();
  });
});
