/** Columns of a CSV file: their kinds, and the images they belong to. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { csvColumns, readCsvTable } from './csvColumns.ts';

const folder = useTemporaryFolder();
const ids = ['sea/a.jpg', 'sea/b.jpg', 'town/b.jpg', 'c.png'];
async function columnsOf(text: string) {
  const file = join(folder.path, 'table.csv');
  writeFileSync(file, text);
  return csvColumns(await readCsvTable(file), ids);
}
const refusal = (text: string) =>
  columnsOf(text).then(
    () => 'accepted',
    ({ code }) => code,
  );

describe('columns of a CSV file', () => {
  it('are numbers, dates or categories by their cells, unknown where one is empty', async () => {
    const found = await columnsOf(
      [
        'camera,Path,price,taken,note,empty',
        'Leica,sea/a.jpg,12.5,2024-05-31,"one, two",',
        'Canon,./sea/b.jpg,-3,2024-06-01T12:00:00Z,3,',
        'Canon,town/b.jpg,,,2024-01-01,',
      ].join('\n'),
    );
    expect(found.map(({ answer }) => [answer.name, answer.title, answer.kind])).toEqual([
      ['csv-0', 'camera', 'category'],
      ['csv-1', 'price', 'number'],
      ['csv-2', 'taken', 'date'],
      ['csv-3', 'note', 'category'],
    ]);
    const [camera, price, taken, note] = found;
    expect(camera!.answer.values).toEqual(['Canon', 'Leica']);
    expect([...camera!.data]).toEqual([1, 0, 0, -1]);
    expect([...price!.data]).toEqual([12.5, -3, Number.NaN, Number.NaN]);
    expect([...taken!.data]).toEqual([19_874, 19_875.5, Number.NaN, Number.NaN]);
    expect(note!.answer.values).toEqual(['2024-01-01', '3', 'one, two']);
    expect([camera, price, taken].map((one) => one!.data.constructor)).toEqual([
      ...[Int32Array, Float32Array, Float64Array],
    ]);
  });

  it('name images by file names too, where only one image has it', async () => {
    const [size] = await columnsOf('file,size\na.jpg,1\nb.jpg,2\nc,3\nother.jpg,4\n');
    expect([...size!.data]).toEqual([1, Number.NaN, Number.NaN, 3]);
  });

  it('are left out above 2,000 texts, which no legend can show', async () => {
    const lines = Array.from({ length: 2001 }, (_, i) => `x${i}.jpg,text ${i}`);
    const table = { file: 't', paths: lines.map((line) => line.split(',')[0]!) };
    const cells = lines.map((line) => line.split(',')[1]!);
    const make = (rows: number) =>
      csvColumns({ ...table, columns: [{ title: 'text', cells }] }, table.paths.slice(0, rows));
    expect([make(2000).length, make(2001).length]).toEqual([1, 0]);
  });

  it('are refused without paths, without images of the source, and where there is no file', async () => {
    expect(await refusal('price,size\n1,2\n')).toBe('columns.malformed');
    expect(await refusal('path\nsea/a.jpg\n')).toBe('columns.malformed');
    expect(await refusal('path,size\nelse.jpg,2\n')).toBe('columns.unmatched');
    const missing = readCsvTable(join(folder.path, 'none.csv'));
    await expect(missing).rejects.toMatchObject({ code: 'columns.unreadable' });
  });
});
