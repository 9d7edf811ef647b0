import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openPixelCache } from './cache.ts';
import { plain, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';
import { walkImages } from './walk.ts';

const heic = '\0\0\0\x18ftypheic\0\0\0\0mif1heic';

describe('walkImages', () => {
  it('answers a signal within a folder of many files', async () => {
    const count = 100;
    const files = Array.from({ length: count }, (_, i) => [`${i}.jpg`, '']);
    const root = writeTree(temporaryFolder(), Object.fromEntries(files));
    const controller = new AbortController();
    let seen = 0;
    const exclude = {
      matches() {
        if (seen++ === 0) setImmediate(() => controller.abort());
        return false;
      },
    };
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 20;
      return now;
    });
    try {
      const walk = walkImages(root, { exclude, signal: controller.signal });
      await expect(walk).rejects.toThrow(/abort/);
    } finally {
      clock.mockRestore();
    }
    expect(seen).toBeLessThan(count / 2);
  });

  it('lists candidates in natural order and says why others are none', async () => {
    const root = writeTree(temporaryFolder(), {
      'b/10.jpg': '',
      'b/9.JPEG': '',
      'a/deep/er/x.webp': '',
      'notes.txt': '',
      'phone.heic': heic,
      'b/Thumbs.db': '\xd0\xcf\x11\xe0',
      '.hidden.png': '',
      '.git/x.png': '',
      '__MACOSX/x.png': '',
    });
    expect(await walkImages(root)).toMatchObject({
      files: ['a/deep/er/x.webp', 'b/9.JPEG', 'b/10.jpg'],
      skipped: [
        { id: 'b/Thumbs.db', reason: 'not an image (.db)' },
        { id: 'notes.txt', reason: 'not an image (.txt)' },
        { id: 'phone.heic', reason: 'HEIC image, which is not supported; convert it to JPEG' },
      ],
    });
  });

  it('looks into files without an extension', async () => {
    const root = writeTree(temporaryFolder(), {
      picture: await plainPng(2, 2, [1, 2, 3]),
      README: 'text',
    });
    expect(await walkImages(root)).toMatchObject({
      files: ['picture'],
      skipped: [{ id: 'README', reason: 'not an image (no extension, text)' }],
    });
  });

  it.each([
    'IMG_0001.HEIC',
    'photo.jpg?itok=abc',
    'pic.jpg_large',
    'pic.jpg.1',
    'P1010001.MPO',
    'scan.JPG~',
    'data.bin',
    'a.txt',
    'developed.dng',
  ])('takes a JPEG that is called %s', async (name) => {
    const jpeg = await plain(2, 2, [1, 2, 3]).jpeg().toBuffer();
    const root = writeTree(temporaryFolder(), { [name]: jpeg });
    expect(await walkImages(root)).toMatchObject({ files: [name], skipped: [] });
  });

  // macOS and Windows take no other bytes than Unicode.
  it.skipIf(process.platform !== 'linux')('lists and reads names of any bytes', async () => {
    const root = temporaryFolder();
    const name = (text: string) =>
      Buffer.concat([Buffer.from(`${root}/`), Buffer.from(text, 'latin1')]);
    const png = await plainPng(3, 2, [1, 2, 3]);
    mkdirSync(name('caf\xe9'));
    writeFileSync(name('caf\xe9/\x1b[31m\xff.png'), png);
    writeFileSync(name('caf\xe9/note\x07.doc'), 'x');
    const source = await openSource(root);
    expect(source.entries).toEqual([{ id: 'caf\\xE9/\\x1B[31m\\xFF.png' }]);
    expect(source.skipped[0]!.id).toBe('caf\\xE9/note\\x07.doc');
    expect(await source.read(0)).toEqual({ kind: 'encoded', bytes: png });
    const into = temporaryFolder();
    const cache = await openPixelCache(source, { cacheDir: into });
    expect(cache.entries).toEqual(source.entries);
  });

  it('says what a file of another kind holds, whatever its name', async () => {
    const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM\x02\0\0\0UL')]);
    const tiff = await plain(2, 2, [1, 2, 3]).tiff().toBuffer();
    const ftyp = (brand: string) => `\0\0\0\x18ftyp${brand}\0\0\0\0`;
    const reasons = {
      'IMG_1.HEIC': [heic, 'HEIC image, which is not supported; convert it to JPEG'],
      'a.mp4': [ftyp('isom'), 'video'],
      'b.webm': [Buffer.from('1a45dfa3', 'hex'), 'video'],
      'c.cr3': [ftyp('crx '), 'camera raw image (.cr3)'],
      'd.nef': [tiff, 'camera raw image (.nef)'],
      'e.psd': ['8BPS', 'Photoshop document, which is not supported; convert it to PNG'],
      'f.download': ['<!DOCTYPE html><p>', 'web page'],
      'g.docx': ['PK\x03\x04', 'zip archive'],
      'h.dat': ['\0\0\0\0', 'only zero bytes'],
      'h2.dat': [Buffer.alloc(132), 'not an image (.dat)'],
      'h.dcm': [dicom, 'DICOM image, which is not supported; convert it to PNG or TIFF'],
      IM000001: [dicom, 'DICOM image, which is not supported; convert it to PNG or TIFF'],
      'i.pgm': ['P5 2 2 255\n', 'Netpbm image, which is not supported; convert it to PNG'],
      'j.cfg': ['size = 3', 'not an image (.cfg)'],
    } as const;
    const contents = Object.entries(reasons).map(([name, [content]]) => [name, content]);
    const { files, skipped } = await walkImages(
      writeTree(temporaryFolder(), Object.fromEntries(contents)),
    );
    expect(files).toEqual([]);
    const expected = Object.entries(reasons).map(([name, [, reason]]) => [name, reason]);
    expect(Object.fromEntries(skipped.map(({ id, reason }) => [id, reason]))).toEqual(
      Object.fromEntries(expected),
    );
  });

  it('ends in a loop of links, and lists a folder once, under its real place', async () => {
    const root = writeTree(temporaryFolder(), { 'z/1.png': '', 'z/deep/2.png': '' });
    symlinkSync(root, join(root, 'z', 'deep', 'up'));
    symlinkSync(join(root, 'z'), join(root, 'a'));
    symlinkSync(join(root, 'self'), join(root, 'self'));
    symlinkSync(join(root, 'z/1.png'), join(root, 'link.png'));
    const { files, skipped } = await walkImages(root);
    expect(files).toEqual(['link.png', 'z/1.png', 'z/deep/2.png']);
    expect(skipped.map(({ id }) => id)).toEqual(['a', 'self', 'z/deep/up']);
    expect(skipped[1]!.reason).toMatch(/^link that leads nowhere: .*\(ELOOP\)$/);
    expect(skipped[2]!.reason).toBe('link to a folder that is already listed');
  });

  it('follows a link to a folder outside', async () => {
    const outside = writeTree(temporaryFolder(), { '1.png': '' });
    const root = temporaryFolder();
    symlinkSync(outside, join(root, 'linked'));
    symlinkSync(join(outside, 'gone.png'), join(root, 'gone.png'));
    expect(await walkImages(root)).toMatchObject({
      files: ['linked/1.png'],
      skipped: [
        { id: 'gone.png', reason: 'link that leads nowhere: no such file or folder (ENOENT)' },
      ],
    });
  });

  // The superuser may read everything, so there is nothing to refuse.
  it.skipIf(process.getuid?.() === 0)('reports a folder that may not be read', async () => {
    const root = writeTree(temporaryFolder(), { 'open/1.png': '', 'closed/1.png': '' });
    chmodSync(join(root, 'closed'), 0);
    const { files, skipped } = await walkImages(root);
    chmodSync(join(root, 'closed'), 0o700);
    expect(files).toEqual(['open/1.png']);
    expect(skipped).toEqual([{ id: 'closed', reason: 'folder: permission denied (EACCES)' }]);
  });
});
