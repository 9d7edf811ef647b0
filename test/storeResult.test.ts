/** Stored results: merging the rows of several runs, and captions. */
import { describe, expect, it } from 'vitest';
import { caption } from '../docs/caption.ts';
import { added } from '../docs/storeResult.ts';

const machine = {
  cpu: 'Some CPU',
  threads: 2,
  node: 'v24.0.0',
  runtime: 'onnxruntime-node 1.30.0',
};
const row = (
  name: string,
  command: string,
  measured?: string,
  versions?: Record<string, string>,
) => ({
  ...{ name, command, state: 'nothing else running' },
  ...(measured && { measured }),
  ...(versions && { versions }),
});

describe('rows of a second run', () => {
  it('take the place of those of the same name, and new ones come last', () => {
    const before = { machine, rows: [row('a', 'first'), row('b', 'first')] };
    const now = { machine, rows: [row('c', 'second'), row('a', 'second')] };
    const { rows } = added(before, now);
    expect(rows.map(({ name, command }) => `${name} ${command}`)).toEqual([
      'a second',
      'b first',
      'c second',
    ]);
  });

  it('come in their own order where they are all that there was', () => {
    const before = { machine, rows: [row('a', 'first'), row('b', 'first')] };
    const now = { machine, rows: ['c', 'b', 'a'].map((name) => row(name, 'second')) };
    expect(added(before, now).rows.map(({ name }) => name)).toEqual(['c', 'b', 'a']);
  });

  it('are not mixed with those of another machine', () => {
    const before = { machine: { ...machine, threads: 4 }, rows: [row('a', 'first')] };
    expect(() => added(before, { machine, rows: [row('a', 'second')] })).toThrow(
      /machine: received rows of/,
    );
  });
});

describe('a caption', () => {
  it('says command, machine, peers and day', () => {
    const rows = [
      row('a', 'npm run bench', '2026-11-28', { PyTorch: '1.13' }),
      row('b', 'npm run bench', '2026-11-28', { PyTorch: '1.13', Pillow: '9.4' }),
    ];
    expect(caption({ machine, rows }).split('\n')).toEqual([
      ...['```sh', 'npm run bench', '```', ''],
      'Some CPU, 2 threads, node v24.0.0, onnxruntime-node 1.30.0, PyTorch 1.13, Pillow 9.4; measured on 2026-11-28, nothing else running.',
    ]);
  });

  it('says which rows are of which command and day where they differ', () => {
    const text = caption({
      machine,
      rows: [
        row('a', 'x'),
        row('b', 'x', '2026-11-27'),
        row('c', 'y', '2026-11-27'),
        row('d', 'x'),
      ],
    });
    expect(text).toContain('`a`, `d` (nothing else running):\n\n```sh\nx\n```');
    expect(text).toContain('`b` (measured on 2026-11-27, nothing else running):\n\n```sh\nx\n```');
    expect(text).toContain('`c` (measured on 2026-11-27, nothing else running):\n\n```sh\ny\n```');
    expect(text.endsWith('Some CPU, 2 threads, node v24.0.0, onnxruntime-node 1.30.0.')).toBe(true);
  });
});
