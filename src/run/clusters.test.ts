import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClusteredImage, fixed, readClusters, writeClusters } from './clusters.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'clusters.csv');

describe('clusters.csv', () => {
  it('is written with fixed decimals', async () => {
    await writeClusters(file(), [
      { path: 'cats/a, "b".jpg', cluster: 3, confidence: 1 / 3, margin: -0, prototype: 41 },
      { path: 'dogs/line\nbreak.jpg', cluster: 12, confidence: 1, margin: 2e-9 },
    ]);
    expect(await readFile(file(), 'utf8')).toBe(
      'path,cluster,confidence,margin,prototype\n' +
        '"cats/a, ""b"".jpg",3,0.333333,0.000000,41\n' +
        '"dogs/line\nbreak.jpg",12,1.000000,0.000000,\n',
    );
  });

  it('gives back what was stored, to six decimals', async () => {
    const image = fc.record({
      // No path of a source opens with "./", which hides formulas from spreadsheets.
      path: fc.string().filter((path) => !path.startsWith('./')),
      cluster: fc.nat(999),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      margin: fc.double({ min: 0, max: 2, noNaN: true }),
      prototype: fc.option(fc.nat(2999), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(image), async (images: ClusteredImage[]) => {
        await writeClusters(file(), images);
        const expected = images.map((row) => ({
          ...row,
          confidence: Number(fixed(row.confidence)),
          margin: Number(fixed(row.margin)),
        }));
        expect(await readClusters(file())).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses NaN when writing and nonsense when reading', async () => {
    const bad = [{ path: 'a', cluster: 0, confidence: Number.NaN, margin: 0 }];
    await expect(writeClusters(file(), bad)).rejects.toThrow(
      '"a" has confidence NaN and margin 0; both must be finite',
    );
    await expect(readClusters(file())).rejects.toThrow(
      /Could not read .*Cluster the images first with `model\.cluster\(images\)`/,
    );
    await writeFile(file(), 'path,cluster\na,1\n');
    await expect(readClusters(file())).rejects.toThrow(
      /lacks the columns confidence, margin; it has path, cluster/,
    );
    await writeFile(file(), 'path,cluster,confidence,margin\na,one,0.5,0.5\n');
    await expect(readClusters(file())).rejects.toThrow(
      /record 2: "one" is not a number from 0 for cluster/,
    );
  });
});
