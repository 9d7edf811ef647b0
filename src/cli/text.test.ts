/** Texts of settings on the command line. */
import { describe, expect, it } from 'vitest';
import { assignments, valueLists } from './text.ts';

describe('texts of settings', () => {
  it('are names and values', () => {
    expect(assignments('--set')).toEqual({});
    expect(assignments('--set', ['a=1', ' b = 2x4 ', 'a=3', 'c=x=y'])).toEqual({
      a: '3',
      b: '2x4',
      c: 'x=y',
    });
  });

  it.each(['batchSize', '=1'])('refuse "%s" for one value', (text) => {
    expect(() => assignments('--set', [text])).toThrow(
      `--set: received "${text}"; expected key=value`,
    );
  });

  it('are lists of values', () => {
    expect(valueLists('--grid')).toEqual({});
    expect(valueLists('--grid', ['a=1, 2', 'b=x'])).toEqual({ a: ['1', '2'], b: ['x'] });
    expect(valueLists('--grid', ['clusters=512;512,256'])).toEqual({
      clusters: ['512', '512,256'],
    });
  });

  it.each(['temperature', '=1', 'temperature=', 'a=1,1', 'a=1,,2'])(
    'refuse "%s" for several',
    (text) => {
      expect(() => valueLists('--vary', [text])).toThrow(
        `--vary: received "${text}"; expected key=a,b,c`,
      );
    },
  );

  it('refuse a name twice', () => {
    expect(() => valueLists('--grid', ['a=1,2', 'a=3'])).toThrow('--grid: received a twice');
  });
});
