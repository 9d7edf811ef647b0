import { describe, expect, it } from 'vitest';
import { valueRange } from './parse.ts';

describe('valueRange', () => {
  const parse = valueRange('--range');

  it.each<[string, [number, number]]>([
    ['0,4095', [0, 4095]],
    ['-1024, 3071', [-1024, 3071]],
    ['-0.5,1e3', [-0.5, 1000]],
  ])('reads %s', (text, range) => {
    expect(parse(text)).toEqual(range);
  });

  it.each(['', '4095', '1,2,3', '5,1', '3,3', 'a,9', ',9', '0,Infinity'])(
    'refuses "%s"',
    (text) => {
      expect(() => parse(text)).toThrow(
        `--range: received "${text}"; expected two numbers joined by a comma, the first below the ` +
          'second, such as "0,4095"',
      );
    },
  );
});
