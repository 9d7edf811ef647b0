import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noEdits, readEdits, type StoredEdits, writeEdits } from './edits.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'edits.json');
const edits: StoredEdits = {
  key: 'k',
  version: 3,
  done: [{ type: 'move', images: ['a "b"\n<i>.jpg', '\u202egnp.exe'], to: 'new' }],
  undone: [{ type: 'name', cluster: 1, name: 'shoes' }],
};

describe('edits.json', () => {
  it('is read as it was written', async () => {
    await writeEdits(file(), edits);
    expect(await readEdits(file())).toEqual(edits);
  });

  it('may be absent', async () => {
    expect(await readEdits(file())).toBeUndefined();
    expect(noEdits('k')).toEqual({ key: 'k', version: 0, done: [], undone: [] });
  });

  it.each<[string, object]>([
    ['an unknown format', { ...edits, format: 'likeness edits 2' }],
    ['an unknown operation', { ...edits, done: [{ type: 'delete', images: ['a'] }] }],
    ['a name of two lines', { ...edits, done: [{ type: 'name', cluster: 0, name: 'a\nb' }] }],
    ['a long name', { ...edits, done: [{ type: 'name', cluster: 0, name: 'a'.repeat(121) }] }],
    ['a negative cluster', { ...edits, done: [{ type: 'lock', cluster: -1, locked: true }] }],
    ['no images', { ...edits, done: [{ type: 'junk', images: [], junk: true }] }],
    ['an unknown key', { ...edits, more: 1 }],
  ])('refuses %s', async (_, content) => {
    await writeFile(file(), JSON.stringify({ format: 'likeness edits 1', ...content }));
    await expect(readEdits(file())).rejects.toMatchObject({
      code: 'json.malformed',
      message: expect.stringContaining('without corrections'),
    });
  });
});
