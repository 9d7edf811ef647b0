/** Images of some classes of a source. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classFilterOf, requireClasses, withClasses } from './classes.ts';
import { classLists } from './classLists.ts';
import { temporaryFolder } from './pictures.cases.ts';
import { openSource } from './source.ts';
import type { Source } from './types.ts';

/** Writes files that have the names of images. */
function write(name: string, files: readonly string[]): string {
  const folder = join(temporaryFolder(), name);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), file);
  }
  return folder;
}

const listed = async (path: string, options: Parameters<typeof openSource>[1] = {}) => {
  const source = await openSource(path, options);
  await source.close();
  const { entries, labelNames, choices, notes } = source;
  const shown = entries.map(({ id, label, split }) =>
    [id, ...(label === undefined ? [] : [labelNames![label]]), ...(split ? [split] : [])].join(' '),
  );
  return { shown, labelNames, choices, notes: notes?.map(({ message }) => message) };
};

describe('the classes of a folder', () => {
  const pictures = ['cat', 'dog', 'owl'].flatMap((name) => [
    `train/${name}/1.png`,
    `test/${name}/2.png`,
  ]);

  it('are those that are named, numbered again', async () => {
    const folder = write('pets', pictures);
    const { shown, labelNames, choices, notes } = await listed(folder, { classes: ['owl', 'cat'] });
    expect(shown).toEqual([
      'test/cat/2.png cat test',
      'test/owl/2.png owl test',
      'train/cat/1.png cat train',
      'train/owl/1.png owl train',
    ]);
    expect(labelNames).toEqual(['cat', 'owl']);
    expect(choices).toEqual({ classes: ['owl', 'cat'] });
    expect(notes).toContain('4 images of the classes owl, cat');
  });

  it('may be those of a list', async () => {
    const ids = ['n02056570', 'n07747607', ...Object.keys(classLists['imagenet-dogs'])];
    const others = Object.keys(classLists['imagenet-10']).filter((id) => !ids.includes(id));
    const folder = write(
      'imagenet',
      [...ids, ...others].map((id) => `train/${id}/${id}_1.JPEG`),
    );
    const ten = await listed(folder, { classes: ['imagenet-10'] });
    expect(ten.labelNames).toEqual(Object.keys(classLists['imagenet-10']).sort());
    const dogs = await listed(folder, { classes: ['imagenet-dogs'] });
    expect(dogs.labelNames).toHaveLength(15);
    expect(dogs.choices).toEqual({ classes: ['imagenet-dogs'] });
  });

  it('give another fingerprint', async () => {
    const folder = write('prints', pictures);
    const prints = [undefined, ['cat', 'dog'], ['cat', 'owl']].map(async (classes) => {
      const source = await openSource(folder, { classes });
      return source.fingerprint();
    });
    expect(new Set(await Promise.all(prints)).size).toBe(3);
  });

  it('are refused where the source has none of a name', async () => {
    const folder = write('few', pictures);
    await expect(openSource(folder, { classes: ['cat', 'cow'] })).rejects.toThrow(
      /classes: received "cow", which no image of .* has; expected names of its folders or labels/,
    );
    await expect(
      openSource(folder, { classes: ['cat', 'cow'], lenient: true }),
    ).resolves.toBeDefined();
    await expect(openSource(folder, { classes: [''] })).rejects.toThrow(
      'classes: received [""]; expected names of folders or labels, or a list (imagenet-10',
    );
  });
});

describe('the classes of a packed data set', () => {
  const read: number[] = [];
  const source = {
    ...{ path: '/packed', name: 'packed', kind: 'idx', labelNames: ['a', 'b', 'c'], skipped: [] },
    entries: [2, 0, 1, 2, 1].map((label, i) => ({ id: `train-${i}`, label, split: 'train' })),
    fingerprint: async () => 'all',
    read: async (index: number) => {
      read.push(index);
      return { kind: 'encoded', bytes: new Uint8Array() };
    },
    bytes: (index: number) => 10 * index,
    close: async () => {},
  } as unknown as Source;

  it('are those of its labels, and images keep their records', async () => {
    const classes = classFilterOf(['c', 'a']);
    const chosen = withClasses(source, classes);
    expect(chosen.entries).toEqual([
      { id: 'train-0', label: 1, split: 'train' },
      { id: 'train-1', label: 0, split: 'train' },
      { id: 'train-3', label: 1, split: 'train' },
    ]);
    expect(chosen.labelNames).toEqual(['a', 'c']);
    expect(chosen.bytes?.(2)).toBe(30);
    await chosen.read(2);
    expect(read).toEqual([3]);
    expect(await chosen.fingerprint()).toBe('all\nclasses\nc\na');
    expect(() => requireClasses(chosen, classes)).not.toThrow();
  });

  it('are no labels where there is one', () => {
    const chosen = withClasses(source, classFilterOf(['b']));
    expect(chosen.labelNames).toBeUndefined();
    expect(chosen.entries[0]).toEqual({ id: 'train-2', split: 'train' });
  });
});

describe('Tiny-ImageNet', () => {
  it('has labels of its validation images from their list, which are the test split', async () => {
    const folder = write('tiny', [
      ...['train/n1/images/n1_0.JPEG', 'train/n2/images/n2_0.JPEG', 'wnids.txt', 'words.txt'],
      ...['val/images/val_0.JPEG', 'val/images/val_1.JPEG', 'test/images/test_0.JPEG'],
    ]);
    writeFileSync(
      join(folder, 'val/val_annotations.txt'),
      'val_0.JPEG\tn2\t0\t32\t44\t62\nval_1.JPEG\tn1\t52\t55\t57\t59\n',
    );
    const { shown, labelNames } = await listed(folder);
    expect(labelNames).toEqual(['n1', 'n2']);
    expect(shown).toEqual([
      'train/n1/images/n1_0.JPEG n1 train',
      'train/n2/images/n2_0.JPEG n2 train',
      'val/images/val_0.JPEG n2 test',
      'val/images/val_1.JPEG n1 test',
    ]);
    const one = await listed(folder, { classes: ['n2'] });
    expect(one.shown).toEqual(['train/n2/images/n2_0.JPEG train', 'val/images/val_0.JPEG test']);
  });

  it('refuses a list of validation images that is not there', async () => {
    const folder = write('tinier', [
      'train/n1/images/a.JPEG',
      'val/x.JPEG',
      'wnids.txt',
      'words.txt',
    ]);
    await expect(openSource(folder)).rejects.toThrow(/val_annotations.txt/);
  });
});
