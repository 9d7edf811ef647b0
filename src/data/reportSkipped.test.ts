import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Notice, reporterOf } from '../core/reporter.ts';
import { openPixelCache } from './cache.ts';
import { heicCommand } from './heic.ts';
import { photograph, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { reportSkipped } from './reportSkipped.ts';
import { openSource } from './source.ts';

async function noticesOf(files: Record<string, string | Uint8Array>): Promise<string[]> {
  const path = writeTree(temporaryFolder(), files);
  const cache = await openPixelCache(await openSource(path), {
    cacheDir: join(temporaryFolder(), 'c'),
  });
  const notices: Notice[] = [];
  const push = (notice: Notice) => void notices.push(notice);
  reportSkipped(cache, reporterOf({ onNote: push, onWarning: push }), { listedIn: 'skipped.csv' });
  return notices.map(({ code, message }) => `${code}: ${message}`);
}

describe('reportSkipped', () => {
  it('says nothing of images without fault', async () => {
    expect(await noticesOf({ 'a.jpg': await photograph(40, 30).jpeg().toBuffer() })).toEqual([]);
  });

  it('names damaged images first, then other files by kind in one line, and converts HEIC', async () => {
    const good = await photograph(40, 30).jpeg().toBuffer();
    const heic = '\0\0\0\x18ftypheic\0\0\0\0mif1heic';
    const notices = await noticesOf({
      'a.txt': 'x',
      'b.TXT': 'y',
      'c/d.heic': heic,
      'e.mp4': '\0\0\0\x18ftypisom',
      Makefile: 'all:',
      'good.jpg': good,
      'whole.jpg': good.subarray(0, -2),
      'z.jpg': good.subarray(0, 200),
    });
    expect(notices).toEqual([
      'images.skipped: skipped 1 image (all are listed in skipped.csv):',
      expect.stringMatching(
        /^images.skipped: {3}z.jpg: truncated or corrupt JPEG file \(it ends too early\)$/,
      ),
      'images.skipped: skipped 5 other files: 2 .txt, 1 .mp4, 1 HEIC, 1 without extension',
      'images.skipped: 1 HEIC image can be converted to JPEG, in the folder of each, with: ' +
        heicCommand(),
      'images.remark: repaired 1 image with faults in the file that lose nothing, such as whole.jpg',
      'images.equal: 1 image equals another one, pixel by pixel',
    ]);
  });

  it('points out many pictures of one value', async () => {
    const black = (n: number) => plainPng(4, n, [0, 0, 0]);
    const notices = await noticesOf({
      'a.png': await black(1),
      'b.png': await black(2),
      'c.png': await black(3),
    });
    expect(notices).toEqual([
      'images.flat: 3 of 3 images are of a single value, as black, such as a.png. They look empty, ' +
        'or were cut off by a conversion. Check them',
    ]);
  });

  it('has a command for HEIC on each system', () => {
    expect(heicCommand('darwin')).toContain('sips');
    expect(heicCommand('linux')).toContain('heif-convert');
    expect(heicCommand('freebsd')).toContain('heif-convert');
    expect(heicCommand('win32')).toContain('magick');
  });
});
