/** Lines and exit codes of `inspect` on a source. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkplace } from '../../test/likeness.cases.ts';
import { runHere } from '../../test/runHere.cases.ts';
import { detailed, temporaryFolder, writeTree } from '../data/pictures.cases.ts';
import { tiffFile } from '../data/tiff.cases.ts';

async function inspected(files: Readonly<Record<string, string | Uint8Array>>, ...args: string[]) {
  const workplace = openWorkplace();
  const folder = join(writeTree(temporaryFolder(), { 'x.txt': '' }), 'photos');
  writeTree(folder, files);
  try {
    return await runHere(workplace, 'inspect', folder, ...args);
  } finally {
    workplace.remove();
  }
}

const page = (value: number) => ({
  ...{ width: 8, height: 8, data: new Uint8Array(64).fill(value) },
});

describe('inspect of a source', () => {
  it('names what cannot be used, several pictures and equal pixels', async () => {
    const files = {
      'a.png': await detailed(24, 16).png().toBuffer(),
      'b.tif': await detailed(24, 16).tiff({ compression: 'none' }).toBuffer(),
      'c.jpg': 'text',
      'd.tif': tiffFile([page(1), page(2)]),
    };
    const { stdout, code } = await inspected(files);
    const lines = stdout.split('\n').map((line) => line.replace(/ {2,}/, '  '));
    expect(lines).toContain('unusable  1 of 4 images, such as c.jpg: not an image (text)');
    expect(lines).toContain(
      'checked  headers of 4 images, and the pixels of 2 of equal size. Other damage shows when ' +
        'start or cluster decode the images',
    );
    expect(lines).toContain('equal  1 copy of others, pixel by pixel');
    expect(stdout).toContain('1 file has several pictures, of which the first is used');
    expect(stdout).toContain('--pages all takes all of them');
    expect(code).toBe(0);
    const { stdout: json } = await inspected(files, '--json');
    expect(JSON.parse(json)).toMatchObject({
      ...{ images: 4, checked: 4, decoded: 2, skipped: 0 },
      unreadable: [{ id: 'c.jpg', reason: 'not an image (text)' }],
      equal: { count: 1, isExact: true, compared: 'pixels' },
    });
  });

  it('ends as other commands do where no image can be used', async () => {
    const { stdout, stderr, code } = await inspected({ 'a.jpg': 'text', 'b.jpg': 'text' });
    expect(stdout).toContain('2 of 2 images, such as a.jpg: not an image (text)');
    expect(stderr).toMatch(/photos: none of 2 images can be used \(a\.jpg: not an image/);
    expect(code).toBe(3);
  });
});
