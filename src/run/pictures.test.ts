/** Maps and thumbnails of a report: what is written is read back, and other files are refused. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../formats/index.ts';
import { type FeatureMaps, readMaps, writeMaps } from './maps.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';
import { readThumbnails, writeThumbnails } from './thumbnails.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'file.safetensors');

describe('maps.safetensors', () => {
  const maps: FeatureMaps = {
    ids: ['a/ü.jpg', 'b.jpg'],
    maps: [
      {
        title: 'before training',
        step: 0,
        places: Float32Array.of(0, 1, 2, -3),
        clusters: Int32Array.of(4, 0),
      },
      {
        title: 'after step 9',
        step: 9,
        places: Float32Array.of(5, 6, 7, 8),
        clusters: Int32Array.of(1, 0),
        nmi: 0.5,
      },
    ],
  };

  it('gives back the maps', async () => {
    await writeMaps(file(), maps);
    expect(await readMaps(file())).toEqual(maps);
  });

  it('refuses a map of other images', async () => {
    await writeMaps(file(), { ids: maps.ids, maps: maps.maps.slice(0, 1) });
    await writeFile(
      file(),
      encodeSafetensors(
        { 'places.0': { dtype: 'float32', shape: [1, 2], data: new Float32Array(2) } },
        {
          format: 'likeness maps 1',
          maps: JSON.stringify({ ids: ['a'], maps: [{ title: 't', step: 0 }] }),
        },
      ),
    );
    await expect(readMaps(file())).rejects.toThrow(/has no "clusters\.0" of int32 \[1\]/);
  });

  it('names what is wrong in the metadata', async () => {
    const about = {
      format: 'likeness maps 1',
      maps: '{"ids": ["a"], "maps": [{"title": 1, "step": 0}]}',
    };
    await writeFile(file(), encodeSafetensors({}, about));
    await expect(readMaps(file())).rejects.toThrow(/maps\.0\.title/);
  });
});

describe('thumbnails.safetensors', () => {
  it.each([
    ['none', new Map()],
    [
      'some, one of them empty',
      new Map([
        ['a.jpg', Uint8Array.of(1, 2)],
        ['b', new Uint8Array()],
        ['c', Uint8Array.of(3)],
      ]),
    ],
  ])('gives back %s', async (_, pictures) => {
    await writeThumbnails(file(), { pictures, shortSide: 28 });
    expect(await readThumbnails(file())).toEqual({ pictures, shortSide: 28 });
  });

  it('refuses another file, and says how to make one', async () => {
    await expect(readThumbnails(file())).rejects.toThrow(
      /Could not read .*.*Write the report again/,
    );
    await writeMaps(file(), { ids: [], maps: [] });
    await expect(readThumbnails(file())).rejects.toThrow(/has format "likeness maps 1", expected/);
  });
});
