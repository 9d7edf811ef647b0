import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCsv, encodeCsv } from './csv.ts';

describe('csv', () => {
  it("reads what Python's csv module wrote", () => {
    const text = readFileSync(
      new URL('../../test/fixtures/formats/reference.csv', import.meta.url),
      'utf8',
    );
    expect(decodeCsv(text)).toEqual([
      ['path', 'note'],
      ['a,b.png', 'say "hi"'],
      ['line\nbreak', 'carriage\r\nreturn'],
      ['', 'ünïcode 猫'],
    ]);
  });

  it('quotes only what needs quoting', () => {
    expect(
      encodeCsv(
        ['path', 'n'],
        [
          ['a b/c.png', 1],
          ['x,"y"\n', 2.5],
          [' lead', null],
        ],
      ),
    ).toBe('path,n\na b/c.png,1\n"x,""y""\n",2.5\n" lead",\n');
  });

  it('gives back any fields', () => {
    const field = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n a]{0,6}$/));
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 4 })
          .chain((n) =>
            fc.array(fc.array(field, { minLength: n, maxLength: n }), { minLength: 1 }),
          ),
        ([header, ...rows]) => {
          expect(decodeCsv(encodeCsv(header!, rows))).toEqual([header, ...rows]);
        },
      ),
    );
  });

  it('understands a byte-order mark, CR LF and a missing last line end', () => {
    expect(decodeCsv('\ufeffa,b\r\n1,\r\n3,4')).toEqual([
      ['a', 'b'],
      ['1', ''],
      ['3', '4'],
    ]);
    expect(decodeCsv('a,')).toEqual([['a', '']]);
    expect(decodeCsv('')).toEqual([]);
  });

  it('names the line of a quote that never ends, and rows of the wrong width', () => {
    expect(() => decodeCsv('a\nb,"c\nd', 'x.csv')).toThrow(
      'x.csv: the quoted field that starts on line 2 never ends',
    );
    expect(() => encodeCsv(['a', 'b'], [['1']])).toThrow(
      'A CSV row has 1 fields but the header has 2 (a, b)',
    );
  });
});
