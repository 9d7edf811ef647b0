import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { writeProjector } from './projector.ts';

const root = mkdtempSync(join(tmpdir(), 'likeness-projector-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'one-'));
});
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

async function* vectors() {
  yield Float32Array.of(1, -0.1);
  yield Float32Array.of(1 / 3, 0, 2, 1e-8);
}
const table = {
  columns: ['id', 'label'],
  rows: [
    ['a\tb.png', 'cat'],
    ['c.png', ''],
    ['d\n.png', 'dog'],
  ],
  dimension: 2,
};

it('writes vectors that restore the same numbers, metadata, and the file that names both', async () => {
  const files = await writeProjector(join(folder, 'photos.tsv'), table, vectors());
  expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
    'photos.tsv',
    'photos.metadata.tsv',
    'projector_config.pbtxt',
  ]);
  const numbers = read('photos.tsv')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').map((value) => Math.fround(Number(value))));
  expect(numbers).toEqual([
    [1, Math.fround(-0.1)],
    [Math.fround(1 / 3), 0],
    [2, Math.fround(1e-8)],
  ]);
  expect(read('photos.metadata.tsv')).toBe('id\tlabel\na b.png\tcat\nc.png\t \nd .png\tdog\n');
  expect(read('projector_config.pbtxt')).toContain('tensor_path: "photos.tsv"');
  expect(read('projector_config.pbtxt')).toContain('metadata_path: "photos.metadata.tsv"');
});

it('writes no header over a single column, which the projector would take for a row', async () => {
  const single = { ...table, columns: ['id'], rows: [['a'], ['b'], ['c']] };
  await writeProjector(join(folder, 'photos.tsv'), single, vectors());
  expect(read('photos.metadata.tsv')).toBe('a\nb\nc\n');
});

it('replaces its own files, and leaves the configuration of others', async () => {
  await writeProjector(join(folder, 'photos.tsv'), table, vectors());
  await writeProjector(join(folder, 'photos.tsv'), table, vectors());
  writeFileSync(join(folder, 'projector_config.pbtxt'), 'embeddings {}');
  await expect(writeProjector(join(folder, 'photos.tsv'), table, vectors())).rejects.toMatchObject({
    code: 'write.exists',
  });
  expect(read('projector_config.pbtxt')).toBe('embeddings {}');
  const other = join(folder, 'other.tsv');
  await expect(writeProjector(other, table, vectors())).rejects.toThrow('it names other files');
  expect(readdirSync(folder)).not.toContain('other.tsv');
});
