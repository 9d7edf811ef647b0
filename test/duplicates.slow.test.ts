/** `likeness duplicates` as a process: what it prints, what it moves, and what it refuses. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draw, sceneOf, variants } from '../src/duplicates/pictures.cases.ts';
import { openWorkplace } from './likeness.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());
const at = (...path: string[]) => join(workplace.path, ...path);
const run = (...args: string[]) => workplace.run('duplicates', ...args);
const files = () => (readdirSync(at('photos'), { recursive: true }) as string[]).sort();

/** Name with a sequence that would turn the rest of a terminal red. */
const HOSTILE = '\u001b[31mred.jpg';

beforeAll(async () => {
  mkdirSync(at('photos', 'more'), { recursive: true });
  const write = async (name: string, { width, height, pixels }: ReturnType<typeof draw>) => {
    const image = sharp(pixels, { raw: { width, height, channels: 3 } });
    await image.jpeg({ quality: 90 }).toFile(at('photos', name));
  };
  for (const seed of [1, 2, 3, 4]) await write(`${seed}.jpg`, draw(sceneOf(seed), 160, 120));
  copyFileSync(at('photos', '1.jpg'), at('photos', 'more', HOSTILE));
  await write('more/small.jpg', variants['resized to half']!(sceneOf(2)));
});

describe('duplicates', () => {
  it('lists groups, the image to keep first, and changes nothing', async () => {
    const before = files();
    const { code, stdout, stderr } = await run('photos');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('2 equal files:');
    expect(stdout).toMatch(
      /2 images, least similar pair 0\.9\d\d:\n {2}keep {4}2\.jpg .*160 x 120/,
    );
    expect(stdout).toMatch(/2 groups among 6 images, 2 to remove \(.*B\)/);
    expect(stdout).not.toContain('\u001b');
    expect(files()).toEqual(before);
  });

  it('has every pair of a group in its answer for programs', async () => {
    const found = JSON.parse((await run('photos', '--threshold', '0.95', '--json')).stdout);
    expect(found).toMatchObject({ threshold: 0.95, keep: 'best', images: 6 });
    expect(found.groups[0]).toMatchObject({
      kind: 'equal',
      images: [{ path: '1.jpg' }, { path: 'more/\\x1B[31mred.jpg' }],
      worst: { similarity: 1 },
    });
  });

  it('moves all but the first away, and back', async () => {
    const [before, bytes] = [files(), readFileSync(at('photos', 'more', 'small.jpg'))];
    const moved = await run('photos', '--into', 'trash');
    expect(moved.code, moved.stderr).toBe(0);
    expect(moved.stdout).toContain('moved 2 files to');
    expect(files()).toEqual(['1.jpg', '2.jpg', '3.jpg', '4.jpg', 'more']);
    const again = await run('photos', '--into', 'other');
    expect(again.stdout).toContain('0 groups among 4 images');
    expect((await run('trash', '--undo')).stdout).toContain('moved 2 files back to');
    expect(files()).toEqual(before);
    expect(readFileSync(at('photos', 'more', 'small.jpg'))).toEqual(bytes);
  });

  it('checks the trash folder before it searches', async () => {
    const before = files();
    for (const folder of ['photos/trash', 'photos']) {
      const { code, stderr } = await run('photos', '--into', folder);
      expect(stderr).toMatch(/error: --?into:/);
      expect(stderr).not.toContain('comparing');
      expect(code).toBe(4);
    }
    expect(files()).toEqual(before);
  });

  it.each([
    [['photos', '--into', ''], '--into: received an empty text'],
    [['photos', '--threshold', '2'], '--threshold: received'],
    [['photos', '--keep', 'wurst'], '--keep: received'],
    [['trash', '--undo', '--keep', 'best'], '--undo: expected without --keep'],
  ])('refuses %j', async (args, text) => {
    const before = files();
    const { code, stderr } = await run(...args);
    expect(stderr).toContain(text);
    expect(code).toBe(2);
    expect(files()).toEqual(before);
  });

  it('says that a folder without a list is no trash folder', async () => {
    const { code, stderr } = await run('photos', '--undo');
    expect(stderr).toContain('.likeness-trash.json');
    expect(code).toBeGreaterThan(0);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
