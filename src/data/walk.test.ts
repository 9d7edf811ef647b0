import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { walkImages } from './walk.ts';

describe('walkImages', () => {
  it('lists candidates in natural order and says why others are none', async () => {
    const root = writeTree(temporaryFolder(), {
      'b/10.jpg': '',
      'b/9.JPEG': '',
      'a/deep/er/x.webp': '',
      'notes.txt': '',
      'phone.heic': '',
      'b/Thumbs.db': '',
      '.hidden.png': '',
      '.git/x.png': '',
      '__MACOSX/x.png': '',
    });
    expect(await walkImages(root)).toEqual({
      files: ['a/deep/er/x.webp', 'b/9.JPEG', 'b/10.jpg'],
      skipped: [
        { id: 'b/Thumbs.db', reason: 'not an image (.db)' },
        { id: 'notes.txt', reason: 'not an image (.txt)' },
        { id: 'phone.heic', reason: 'unsupported image format (.heic)' },
      ],
    });
  });

  it('looks into files without an extension', async () => {
    const root = writeTree(temporaryFolder(), { picture: await plainPng(2, 2, [1, 2, 3]), README: 'text' });
    expect(await walkImages(root)).toEqual({
      files: ['picture'],
      skipped: [{ id: 'README', reason: 'not an image (no extension, unknown content)' }],
    });
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
    expect(await walkImages(root)).toEqual({
      files: ['linked/1.png'],
      skipped: [{ id: 'gone.png', reason: 'link that leads nowhere: no such file or folder (ENOENT)' }],
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
