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

  it('reads heads beside methods, but trains no model further by them', () => {
    expect(parserOf('--methods')('consensus,swav')).toEqual(['consensus', 'swav']);
    for (const flag of ['--fine-tune', '--scratch']) {
      expect(parserOf(flag)('simclr,swav')).toEqual(['simclr', 'swav']);
      expect(() => parserOf(flag)('temi')).toThrow(`${flag}: received "temi"`);
    }
  });

  it('takes a pretrained model by two names, and no encoder that is learned here', () => {
    const { alias, parse } = compareCommand.options.find(({ flags }) =>
      flags.startsWith('--encoder'),
    )!;
    expect(alias).toBe('--backbone <path>');
    expect(parse!('net.onnx')).toBe('net.onnx');
    expect(() => parse!('patches')).toThrow('--encoder: received "patches"; expected the path');
  });

  it('reads classical clusterings', () => {
    const parse = parserOf('--classical');
    expect(parse('kmeans, pca')).toEqual(['kmeans', 'pca']);
    expect(() => parse('kmean')).toThrow(/^--classical: received "kmean"; expected .*kmeans/);
  });
});
