import { expect, it } from 'vitest';
import { measureSource, readHeaders } from './measure.ts';
import { detailed, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';
import { tiffFile } from './tiff.cases.ts';

const page = { width: 6, height: 9, data: new Uint8Array(54) };

it('reads sizes, what cannot be read, and files of several pictures from headers', async () => {
  const source = await openSource(
    writeTree(temporaryFolder(), {
      'a.png': await plainPng(40, 30, [1, 2, 3]),
      'b.jpg': 'Dear diary,\n',
      'c.tif': tiffFile([page, page]),
      'd.png': (await plainPng(4, 4, [1, 2, 3])).subarray(0, 20),
    }),
  );
  const { sizeOf, ...headers } = await readHeaders(source);
  expect(headers).toEqual({
    checked: 4,
    sizes: { medianShortSide: 6, smallestShortSide: 6, largestShortSide: 30, samples: 2 },
    unreadable: [
      { id: 'b.jpg', reason: 'not an image (text)', damaged: true },
      { id: 'd.png', reason: expect.stringContaining('corrupt PNG file'), damaged: true },
    ],
    remarks: [{ kind: 'several', count: 1, examples: ['c.tif'] }],
  });
  expect([...sizeOf.keys()]).toEqual([0, 2]);
  const first = await readHeaders(source, { samples: 2 });
  expect(first.unreadable).toEqual([]);
  expect([first.checked, ...first.sizeOf.keys()]).toEqual([2, 0, 2]);
});

it('measures nothing where no header can be read', async () => {
  const source = await openSource(writeTree(temporaryFolder(), { 'a.jpg': 'text' }));
  expect(await measureSource(source)).toBeUndefined();
});

it('refuses no pixels, and more than are decoded, by the header alone', async () => {
  const png = await plainPng(4, 4, [1, 2, 3]);
  const jpeg = await detailed(24, 16).jpeg().toBuffer();
  jpeg.writeUInt16BE(0, jpeg.indexOf(Buffer.from('ffc0', 'hex')) + 5);
  const head = Buffer.from('424d000000000000000036000000280000000050000000500000010018', 'hex');
  const bmp = Buffer.concat([head, Buffer.alloc(40)]);
  const source = await openSource(
    writeTree(temporaryFolder(), { 'a.bmp': bmp, 'b.png': png, 'c.jpg': jpeg }),
  );
  const { unreadable } = await readHeaders(source);
  expect(unreadable.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
    'a.bmp: 20480 x 20480 pixels are 419 million, more than the limit of 268 million',
    'c.jpg: a header with 24 x 0 pixels',
  ]);
});
