import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPixelCache } from './cache.ts';
import { listCaches } from './cache-folder.ts';
import { decodeImage } from './decode.ts';
import { detailed, errorOf, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openPixelReader } from './reader.ts';
import { unreadable } from './reasons.ts';
import { openSource } from './source.ts';
import type { Source } from './types.ts';

/** A source of generated images, without files. */
function generated(count: number, read?: (index: number) => Promise<void>): Source {
  return {
    path: '/generated',
    name: 'generated',
    kind: 'folder',
    entries: Array.from({ length: count }, (_, i) => ({ id: String(i) })),
    skipped: [],
    fingerprint: async () => `generated ${count}`,
    read: async (index) => {
      await read?.(index);
      return {
        kind: 'raw',
        width: 64,
        height: 64,
        channels: 1,
        pixels: new Uint8Array(4096).fill(index),
      };
    },
    close: async () => {},
  };
}

describe('openPixelCache', () => {
  it('holds every usable image, in order, and lists the others with reasons', async () => {
    const jpeg = await detailed(60, 40).jpeg().toBuffer();
    const png = await detailed(9, 7).png().toBuffer();
    const folder = writeTree(temporaryFolder(), {
      'cat/1.jpg': jpeg,
      'cat/2.png': png,
      'cat/empty.jpg': '',
      'dog/cut.jpg': jpeg.subarray(0, jpeg.length / 2),
      'dog/notes.txt': 'x',
      'dog/text.jpg': 'not a picture',
      'dog/z.png': png,
    });
    const source = await openSource(folder);
    const seen: string[] = [];
    const cache = await openPixelCache(source, {
      size: 20,
      cacheDir: temporaryFolder(),
      onProgress: ({ done, total, skipped }) => seen.push(`${done}/${total} ${skipped}`),
    });
    expect(cache.entries).toEqual([
      { id: 'cat/1.jpg', label: 0 },
      { id: 'cat/2.png', label: 0 },
      { id: 'dog/z.png', label: 1 },
    ]);
    expect(cache).toMatchObject({
      count: 3,
      labelNames: ['cat', 'dog'],
      medianShortSide: 7,
      reused: false,
    });
    expect(cache.source).toEqual({ path: folder, name: source.name, kind: 'folder' });
    expect(cache.skipped).toEqual([
      { id: 'cat/empty.jpg', reason: 'empty file (0 bytes)', damaged: true },
      {
        id: 'dog/cut.jpg',
        reason: expect.stringMatching(/^truncated or corrupt JPEG file/),
        damaged: true,
      },
      { id: 'dog/text.jpg', reason: 'not an image (text)', damaged: true },
      { id: 'dog/notes.txt', reason: 'not an image (.txt)' },
    ]);
    expect(seen).toEqual(['0/6 0', '6/6 3']);
    // Found again, nothing is decoded and nothing is told.
    const again = await openPixelCache(source, {
      size: 20,
      cacheDir: dirname(cache.file),
      onProgress: () => seen.push('again'),
    });
    expect(again.reused).toBe(true);
    expect(seen).toEqual(['0/6 0', '6/6 3']);
    const reader = openPixelReader(cache);
    for (const [index, bytes] of [jpeg, png, png].entries()) {
      const { width, height, pixels } = await decodeImage({ kind: 'encoded', bytes }, { size: 20 });
      expect(reader.read(index)).toEqual({ width, height, pixels: new Uint8Array(pixels) });
    }
    reader.close();
  });

  it('is used again until the source or a setting changes', async () => {
    const parent = temporaryFolder();
    const cacheDir = temporaryFolder();
    const folder = writeTree(join(parent, 'a'), {
      '1.png': await plainPng(8, 8, [1, 2, 3]),
      '2.png': 'bad',
    });
    const open = async (path: string, size = 8) =>
      openPixelCache(await openSource(path), { size, cacheDir });
    const first = await open(folder);
    const again = await open(folder);
    expect([first.reused, again.reused]).toEqual([false, true]);
    expect(again).toEqual({ ...first, reused: true });

    renameSync(folder, join(parent, 'b')); // the place of a source is not part of its content
    const moved = await open(join(parent, 'b'));
    expect([moved.reused, moved.source.name]).toEqual([true, 'b']);

    expect((await open(moved.source.path, 4)).contentKey).not.toBe(first.contentKey);
    utimesSync(join(moved.source.path, '1.png'), 1, 1);
    const touched = await open(moved.source.path);
    expect([touched.reused, touched.contentKey === first.contentKey]).toEqual([false, false]);
    writeTree(moved.source.path, { '3.png': await plainPng(8, 8, [4, 5, 6]) });
    expect(await open(moved.source.path)).toMatchObject({ reused: false, count: 2 });
    expect(listCaches(cacheDir).length).toBe(4);
  });

  it('writes the same bytes every time', async () => {
    const source = generated(
      100,
      (index) => new Promise((done) => setTimeout(done, (index * 7) % 5)),
    );
    const [a, b] = await Promise.all(
      [temporaryFolder(), temporaryFolder()].map((cacheDir) =>
        openPixelCache(source, { size: 16, cacheDir }),
      ),
    );
    expect(readFileSync(a!.file).equals(readFileSync(b!.file))).toBe(true);
  });

  it('is made again when the stored file is damaged or cut off', async () => {
    const cacheDir = temporaryFolder();
    const options = { size: 64, cacheDir };
    const { file } = await openPixelCache(generated(3), options);
    truncateSync(file, 5000);
    expect((await openPixelCache(generated(3), options)).reused).toBe(false);
    const bytes = readFileSync(file);
    bytes[bytes.length - 70]! ^= 1; // in the index
    writeFileSync(file, bytes);
    expect((await openPixelCache(generated(3), options)).reused).toBe(false);
    expect((await openPixelCache(generated(3), options)).reused).toBe(true);
  });

  it('tries again what could not be read, and only that', async () => {
    const cacheDir = temporaryFolder();
    let closed = true;
    const source = generated(3, async (index) => {
      if (closed && index === 1)
        throw unreadable(Object.assign(new Error('x'), { code: 'EACCES' }));
    });
    const before = await openPixelCache(source, { cacheDir });
    expect(before.skipped).toMatchObject([{ id: '1', reason: 'permission denied (EACCES)' }]);
    expect((await openPixelCache(source, { cacheDir })).reused).toBe(true);
    closed = false;
    expect(await openPixelCache(source, { cacheDir })).toMatchObject({
      reused: false,
      count: 3,
      skipped: [],
    });
  });

  it('takes identical and one-pixel images', async () => {
    const png = await plainPng(1, 1, [7, 8, 9]);
    const folder = writeTree(temporaryFolder(), { '1.png': png, '2.png': png, '3.png': png });
    const cache = await openPixelCache(await openSource(folder), { cacheDir: temporaryFolder() });
    expect([cache.count, cache.medianShortSide]).toEqual([3, 1]);
    expect([...openPixelReader(cache).read(2).pixels]).toEqual([7, 8, 9]);
  });
});

describe('what goes wrong', () => {
  it('no usable image', async () => {
    const folder = writeTree(temporaryFolder(), {
      'a.jpg': '',
      'b.jpg': 'text',
      'c.png': '',
      'd.gif': '',
      'e.gif': '',
    });
    const cacheDir = temporaryFolder();
    const error = await errorOf(openPixelCache(await openSource(folder), { cacheDir }));
    expect(error.code).toBe('source.unusable');
    expect(error.message).toBe(
      `source: none of the 5 images in ${folder} can be used (a.jpg: empty file (0 bytes); ` +
        'b.jpg: not an image (text); c.png: empty file (0 bytes); and 2 more). Expected at least ' +
        'one JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP picture; check the files.',
    );
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it.each([0, -1, 2.5, 20_000, Number.NaN])('size %d', async (size) => {
    const error = await errorOf(
      openPixelCache(generated(1), { size, cacheDir: temporaryFolder() }),
    );
    expect(error.message).toBe(
      `size: ${size} is not possible. Expected a whole number of pixels from 1 to 16383; 256 ` +
        'suits photographs.',
    );
  });

  it('a bomb among others', async () => {
    const bomb = await sharp({
      create: { width: 3000, height: 3000, channels: 3, background: '#000' },
    })
      .png()
      .toBuffer();
    const folder = writeTree(temporaryFolder(), {
      'bomb.png': bomb,
      'good.png': await plainPng(4, 4, [1, 1, 1]),
    });
    const cache = await openPixelCache(await openSource(folder), {
      maxPixels: 1e6,
      cacheDir: temporaryFolder(),
    });
    expect(cache.entries).toEqual([{ id: 'good.png' }]);
    expect(cache.skipped[0]!.reason).toContain('3000 x 3000 pixels are 9 million');
  });

  it('a cache folder that cannot be made', async () => {
    const cacheDir = join(writeTree(temporaryFolder(), { file: '' }), 'file', 'cache');
    const error = await errorOf(openPixelCache(generated(1), { cacheDir }));
    expect(error.code).toBe('cache.unwritable');
    expect(error.message).toBe(
      `cacheDir: cannot write to ${cacheDir}: a part of the path is a file, not a folder ` +
        '(ENOTDIR). Expected a folder that you may write to; set LIKENESS_CACHE to one.',
    );
  });

  // The superuser may write everywhere, so there is nothing to refuse.
  it.skipIf(process.getuid?.() === 0)('a cache folder that may not be written', async () => {
    const cacheDir = temporaryFolder();
    chmodSync(cacheDir, 0o500);
    const error = await errorOf(openPixelCache(generated(1), { cacheDir }));
    chmodSync(cacheDir, 0o700);
    expect(error.code).toBe('cache.unwritable');
  });

  it('stopping half-way leaves nothing behind', async () => {
    const stop = new AbortController();
    const cacheDir = temporaryFolder();
    const source = generated(50, async (index) => {
      if (index === 20) stop.abort(new Error('stopped by the test'));
    });
    await expect(openPixelCache(source, { cacheDir, signal: stop.signal })).rejects.toThrow(
      'stopped by the test',
    );
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it('a defect in the program is not taken for a bad image', async () => {
    const cacheDir = temporaryFolder();
    const source = generated(50, async (index) => {
      if (index === 20) throw new TypeError('a defect');
    });
    await expect(openPixelCache(source, { cacheDir })).rejects.toThrow('a defect');
    expect(readdirSync(cacheDir)).toEqual([]);
  });
});

describe('in a process of its own', () => {
  /**
   * Writes a program that makes a cache of 400 images of 12 kB. If `endless`, the last never
   * arrives.
   */
  function program(cacheDir: string, { endless }: { endless: boolean }): string {
    const cacheUrl = pathToFileURL(join(import.meta.dirname, 'cache.ts')).href;
    const file = join(cacheDir, 'program.mjs');
    writeFileSync(
      file,
      `import { openPixelCache } from ${JSON.stringify(cacheUrl)};
      const count = 400;
      const source = {
        path: '/generated', name: 'generated', kind: 'folder', skipped: [],
        entries: Array.from({ length: count }, (_, i) => ({ id: String(i) })),
        fingerprint: async () => 'generated ' + count,
        read: async (index) => {
          if (${endless} && index === 399) {
            console.log('writing');
            setInterval(() => {}, 1000);
            await new Promise(() => {});
          }
          const pixels = new Uint8Array(4096).fill(index);
          return { kind: 'raw', width: 64, height: 64, channels: 1, pixels };
        },
        close: async () => {},
      };
      openPixelCache(source, { cacheDir: ${JSON.stringify(cacheDir)}, size: 64 }).then(
        (cache) => console.log('made', cache.count),
        (error) => console.log(error.code + ': ' + error.message),
      );`,
    );
    return file;
  }

  it('a kill in the middle of writing leaves no cache under a finished name', async () => {
    const cacheDir = temporaryFolder();
    const child = spawn(process.execPath, [program(cacheDir, { endless: true })], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = readdirSync(cacheDir).filter((name) => name !== 'program.mjs');
    expect(left.length).toBe(1);
    expect(left[0]).toMatch(/\.pixels\.unfinished-/);
    expect(statSync(join(cacheDir, left[0]!)).size).toBeGreaterThan(1_000_000);

    const cache = await openPixelCache(generated(400), { cacheDir, size: 64 });
    expect([cache.reused, cache.count]).toEqual([false, 400]);
    // Unfinished files of an old crash are removed.
    utimesSync(join(cacheDir, left[0]!), 1, 1);
    await openPixelCache(generated(5), { cacheDir, size: 64 });
    expect(readdirSync(cacheDir).some((name) => name.includes('unfinished'))).toBe(false);
  });

  // Windows lets no process limit the size of its files, which is how the full disk is made.
  it.skipIf(process.platform === 'win32')(
    'no room to write is a clear error and leaves nothing',
    () => {
      const cacheDir = temporaryFolder();
      // Limits files to 1 or 2 MiB, in place of a small disk.
      const command = 'ulimit -f 2048 && exec "$0" "$1"';
      const { stdout } = spawnSync('sh', [
        '-c',
        command,
        process.execPath,
        program(cacheDir, { endless: false }),
      ]);
      expect(String(stdout)).toMatch(
        /^cache\.full: cacheDir: no room left to store decoded pixels in .*: the file would be larger than allowed \(EFBIG\)\. Older caches there take \d+ MiB; clear them, choose a smaller size, or set LIKENESS_CACHE to a folder on a larger disk\.\n$/,
      );
      expect(readdirSync(cacheDir)).toEqual(['program.mjs']);
    },
  );
});
