/**
 * Makes the sample from the whole of Fashion-MNIST, as Debian's package `dataset-fashion-mnist`
 * installs it:
 *
 *     node sample/make.ts [/usr/share/datasets/fashion-mnist]
 *
 * The pick is the first 400 training and the first 100 test pictures of each class, in the order of
 * the originals.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSource } from '../src/data/index.ts';

const original = process.argv[2] ?? '/usr/share/datasets/fashion-mnist';
const classes = 10;
const side = 28;
const sets = [
  { name: 'train', split: 'train', perClass: 400 },
  { name: 't10k', split: 'test', perClass: 100 },
] as const;

function writeIdx(name: string, sizes: readonly number[], content: Uint8Array): void {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length, 0); // 8: unsigned bytes
  sizes.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  const packed = gzipSync(Buffer.concat([header, content]), { level: 9 });
  writeFileSync(join(import.meta.dirname, name), packed);
}

const source = await openSource(original);
for (const { name, split, perClass } of sets) {
  const taken = new Array<number>(classes).fill(0);
  const labels: number[] = [];
  const pictures: Uint8Array[] = [];
  for (const [index, entry] of source.entries.entries()) {
    if (entry.split !== split || entry.label === undefined || taken[entry.label]! >= perClass)
      continue;
    const picture = await source.read(index);
    if (picture.kind !== 'raw') throw new Error(`${original} is not Fashion-MNIST`);
    taken[entry.label]!++;
    labels.push(entry.label);
    pictures.push(picture.pixels);
  }
  writeIdx(`${name}-images-idx3-ubyte.gz`, [pictures.length, side, side], Buffer.concat(pictures));
  writeIdx(`${name}-labels-idx1-ubyte.gz`, [labels.length], Uint8Array.from(labels));
  process.stdout.write(`${name}: ${labels.length} pictures, per class ${taken.join(' ')}\n`);
}
await source.close();
