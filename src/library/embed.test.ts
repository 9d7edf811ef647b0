/** Lists of skipped files beside features. */
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ImageEncoder } from '../encoders/index.ts';
import { readSkipped } from '../run/index.ts';
import { type EmbedSource, embedToFile } from './embed.ts';
import { openImages } from './images.ts';

/** An encoder whose features are all (3, 4). */
const encoder = {
  dimension: 2,
  async *parts({ indices }: { indices: Uint32Array }) {
    for (const _ of indices) yield Float32Array.of(3, 4);
  },
} as unknown as ImageEncoder;
const source: EmbedSource = { use: (work) => work(encoder), cacheSize: 8, workers: 1, about: {} };

describe('embedToFile', () => {
  it('lists skipped files beside the features, damaged images first, and says where', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-embed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const at = (name: string) => join(folder, name);
    const photos = mkdtempSync(join(folder, 'photos'));
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123' } })
      .png()
      .toBuffer();
    writeFileSync(join(photos, '=1.png'), png);
    writeFileSync(join(photos, '-bad.png'), png.subarray(0, 60));
    writeFileSync(join(photos, 'a.txt'), 'text');
    const warnings: string[] = [];
    const embed = async () => {
      const images = await openImages(photos, { cacheDir: at('cache') });
      const onWarning = ({ message }: { message: string }) => void warnings.push(message);
      return embedToFile(source, at('f.csv'), images, { onWarning });
    };
    expect(await embed()).toMatchObject({
      count: 1,
      skipped: 2,
      skippedFile: at('f.csv.skipped.csv'),
    });
    expect(await readSkipped(at('f.csv.skipped.csv'))).toEqual([
      { id: '-bad.png', reason: expect.stringMatching(/^truncated PNG: its 0 bytes/) },
      { id: 'a.txt', reason: 'not an image (.txt)' },
    ]);
    expect(warnings[0]).toBe(`skipped 1 image (all are listed in ${at('f.csv.skipped.csv')}):`);

    for (const name of ['-bad.png', 'a.txt']) unlinkSync(join(photos, name));
    expect((await embed()).skippedFile).toBeUndefined();
    expect(await readSkipped(at('f.csv.skipped.csv'))).toEqual([]);
  });
});
