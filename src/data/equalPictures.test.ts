import { describe, expect, it } from 'vitest';
import { countEqualPictures } from './equalPictures.ts';
import { readHeaders } from './measure.ts';
import { detailed, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';
import { tiffFile } from './tiff.cases.ts';

describe('countEqualPictures', () => {
  it('counts equal pixels in different files, of images of equal size alone', async () => {
    const picture = detailed(24, 16);
    const broken = await detailed(24, 16).jpeg().toBuffer();
    const source = await openSource(
      writeTree(temporaryFolder(), {
        'a.png': await picture.clone().png().toBuffer(),
        'b.tif': await picture.clone().tiff({ compression: 'none' }).toBuffer(),
        'c.webp': await picture.clone().webp({ lossless: true }).toBuffer(),
        'd.jpg': broken.subarray(0, broken.length - 200),
        'e.png': await picture.clone().negate().png().toBuffer(),
        'f.png': await detailed(24, 17).png().toBuffer(),
      }),
    );
    const headers = await readHeaders(source);
    const { damaged, ...found } = (await countEqualPictures(source, headers))!;
    expect(found).toEqual({ count: 2, decoded: 5 });
    expect(damaged.map(({ id }) => id)).toEqual(['d.jpg']);
    expect(damaged[0]!.reason).toMatch(/^truncated or corrupt JPEG file/);
  });

  it('compares pages of files, and turned pictures with upright ones', async () => {
    const picture = detailed(24, 16);
    const page = (value: number) => ({
      ...{ width: 8, height: 8, data: new Uint8Array(64).fill(value) },
    });
    const folder = writeTree(temporaryFolder(), {
      'a.png': await picture.clone().png().toBuffer(),
      'b.tif': await picture
        .clone()
        .rotate(90)
        .withMetadata({ orientation: 8 })
        .tiff({ compression: 'none' })
        .toBuffer(),
      'c.tif': tiffFile([page(1), page(2)]),
      'd.tif': tiffFile([page(2), page(3)]),
    });
    const source = await openSource(folder, { pages: 'all' });
    const found = await countEqualPictures(source, await readHeaders(source));
    expect(found).toEqual({ count: 2, decoded: 6, damaged: [] });
  });

  it('decodes none where they are too many, or where not all headers were read', async () => {
    const png = await plainPng(4, 4, [1, 2, 3]);
    const source = await openSource(
      writeTree(temporaryFolder(), { 'a.png': png, 'b.png': png, 'c.png': png }),
    );
    const headers = await readHeaders(source);
    expect(await countEqualPictures(source, headers, { maxImages: 2 })).toBeUndefined();
    expect(await countEqualPictures(source, headers, { maxImages: 3 })).toMatchObject({ count: 2 });
    const some = await readHeaders(source, { samples: 2 });
    expect(await countEqualPictures(source, some)).toBeUndefined();
  });
});
