import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorOf, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

const tree = (csv: string) =>
  writeTree(temporaryFolder(), {
    'photos/a/1.jpg': '',
    'photos/a/2.jpg': '',
    'photos/b/1.jpg': '',
    'labels.csv': csv,
  });

async function opened(csv: string) {
  const root = tree(csv);
  return openSource(join(root, 'photos'), { labels: join(root, 'labels.csv') });
}

describe('labels of a CSV file', () => {
  it('replace those of folders', async () => {
    const { entries, labelNames, notes } = await opened(
      'path,label\na/1.jpg,dog\n./b/1.jpg,cat\nx.jpg,cat\n',
    );
    expect(labelNames).toEqual(['cat', 'dog']);
    expect(entries).toEqual([
      { id: 'a/1.jpg', label: 1 },
      { id: 'a/2.jpg' },
      { id: 'b/1.jpg', label: 0 },
    ]);
    expect(notes?.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^labels of 2 classes from .*labels.csv for 2 images, none for 1 image. 1 row names no image, such as "x.jpg"$/,
      ),
    ]);
  });

  it('find an image by its own name, with or without extension, where only one has it', async () => {
    const { entries } = await opened('id,breed\n2,pug\n1.jpg,pug\n1,pug\n');
    expect(entries.map(({ label }) => label)).toEqual([undefined, 0, undefined]);
  });

  it('read further columns in any order', async () => {
    const { entries } = await opened('width,class,file_name\n3,"a, b",a/1.jpg\n3,,a/2.jpg\n');
    expect(entries.map(({ label }) => label)).toEqual([0, undefined, undefined]);
  });

  it.each([
    ['a,b,c\n1,2,3\n', 'labels.malformed', 'has the columns a, b, c; expected path and label'],
    ['path,label\nz.jpg,dog\n', 'labels.unmatched', 'such as "a/1.jpg" (received "z.jpg")'],
    ['', 'labels.malformed', 'has the columns none'],
    ['path,label\n', 'labels.malformed', 'has no row below its header'],
    ['path;label\na/1.jpg;dog\n', 'labels.malformed', 'separated by a comma'],
  ])('are refused where nothing fits: %j', async (csv, code, text) => {
    const error = await errorOf(opened(csv));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });

  it('need no header where two columns begin with an image', async () => {
    const { entries } = await opened('a/1.jpg,dog\nb/1.jpg,cat\n');
    expect(entries.map(({ label }) => label)).toEqual([1, undefined, 0]);
  });

  it('may name an image twice with one label, and not with two', async () => {
    const { entries } = await opened('path,label\na/1.jpg,dog\na/1.jpg,dog\na/1.jpg,\n');
    expect(entries.map(({ label }) => label)).toEqual([0, undefined, undefined]);
    const error = await errorOf(opened('path,label\na/1.jpg,dog\n./a/1.jpg,cat\n'));
    expect(error.code).toBe('labels.malformed');
    expect(error.message).toContain('gives a/1.jpg the labels "dog" and "cat"; expected one');
  });

  it.each(['latin1', 'utf16le'] as const)('are refused in %s', async (encoding) => {
    const root = tree('');
    const text = '\ufeffpath,label\na/1.jpg,M\u00fcnchen\n';
    writeFileSync(join(root, 'labels.csv'), Buffer.from(text, encoding));
    const labels = join(root, 'labels.csv');
    const error = await errorOf(openSource(join(root, 'photos'), { labels }));
    expect(error.code).toBe('csv.malformed');
    expect(error.message).toContain('labels.csv is not text in UTF-8');
  });

  it('are refused without a file', async () => {
    const root = tree('');
    const error = await errorOf(openSource(join(root, 'photos'), { labels: 'folder' }));
    expect(error.code).toBe('labels.unreadable');
    expect(error.message).toContain('Expected "folders", "none", or a CSV file');
  });
});
