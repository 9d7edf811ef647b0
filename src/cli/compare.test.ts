/** Lists of names on the command line of `compare`. */
import { describe, expect, it } from 'vitest';
import { compareCommand } from './compare.ts';

const parserOf = (flag: string) =>
  compareCommand.options.find(({ flags }) => flags.startsWith(flag))!.parse!;

describe('compare', () => {
  it('reads methods, and names a misspelt or repeated one', () => {
    const parse = parserOf('--methods');
    expect(parse('swav, moco')).toEqual(['swav', 'moco']);
    expect(() => parse('swav,swaw')).toThrow(/received "swaw"; expected .*deepcluster-v2/);
    expect(() => parse('swav,swav')).toThrow('twice');
  });

  it('reads classical clusterings', () => {
    const parse = parserOf('--classical');
    expect(parse('kmeans, pca')).toEqual(['kmeans', 'pca']);
    expect(() => parse('kmean')).toThrow(/^--classical: received "kmean"; expected .*kmeans/);
  });
});
