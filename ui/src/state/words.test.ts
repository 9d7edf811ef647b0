import { describe, expect, it } from 'vitest';
import {
  countWords,
  dateOf,
  dateOnScale,
  duration,
  fileSize,
  ordinal,
  shortNumber,
  visibleName,
} from './words.ts';

describe('words', () => {
  it('formats places', () => {
    expect([1, 2, 3, 4, 10, 11, 22].map(ordinal)).toEqual([
      ...['1st', '2nd', '3rd', '4th', '10th', '11th', '22nd'],
    ]);
  });

  it('formats numbers', () => {
    expect(countWords(1, 'image')).toBe('1 image');
    expect(countWords(12_345, 'image')).toBe('12,345 images');
    expect([0.1234, 12.345, 123.4, 12_345.6, 2.5e6, Number.NaN].map(shortNumber)).toEqual([
      ...['0.12', '12.3', '123', '12,346', '2.5 M', '–'],
    ]);
    expect([12, 125, 1200, 7500, 400_000].map(duration)).toEqual([
      ...['12 s', '2 min 5 s', '20 min', '2 h 5 min', '5 days'],
    ]);
    expect([12, 3100, 31_000_000].map(fileSize)).toEqual(['12 B', '3.1 kB', '31 MB']);
    expect([dateOf(19_000), dateOf(Number.NaN)]).toEqual(['2022-01-08', 'unknown']);
    const noon = new Date(2022, 0, 8, 12, 5).getTime() / 86_400_000;
    expect([4000, 30, 1].map((scale) => dateOnScale(noon, scale))).toEqual([
      ...['2022-01', '2022-01-08', '01-08 12:05'],
    ]);
  });

  it('shows characters of a name that would hide or reorder text', () => {
    expect(visibleName('photo\u202egpj.exe')).toBe('photo⟨U+202E⟩gpj.exe');
    expect(visibleName('two\nlines\u0007.jpg')).toBe('two↵lines␇.jpg');
    expect(visibleName('Müller <b> 猫.png')).toBe('Müller <b> 猫.png');
  });
});
