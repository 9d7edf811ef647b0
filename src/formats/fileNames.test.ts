import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forTerminal } from '../core/text.ts';
import { csvPath, csvRow, csvText, decodeCsv, pathOfCsv } from './csv.ts';
import { isPathText, pathOfText, textOfName } from './fileNames.ts';

const bytesOf = (path: string | Buffer) => Buffer.from(path);

describe('names of files', () => {
  it.each<[string, Buffer, string]>([
    ['plain', Buffer.from('Föhn 雪.jpg'), 'Föhn 雪.jpg'],
    ['Latin-1', Buffer.from('caf\xe9.jpg', 'latin1'), 'caf\\xE9.jpg'],
    ['mixed', Buffer.concat([Buffer.from('ü\\'), Buffer.from([0xff])]), 'ü\\x5C\\xFF'],
    ['an escape sequence', Buffer.from('a\x1b[31mred.jpg'), 'a\\x1B[31mred.jpg'],
    ['a line break', Buffer.from('a\nb.jpg'), 'a\\x0Ab.jpg'],
    ['a C1 control', Buffer.from('a\u009b2Jb'), 'a\\xC2\\x9B2Jb'],
    ['a mark of direction', Buffer.from('a\u202egpj.exe'), 'a\\xE2\\x80\\xAEgpj.exe'],
    ['a literal escape', Buffer.from('a\\x1B.jpg'), 'a\\x5Cx1B.jpg'],
    ['a backslash', Buffer.from('a\\b.jpg'), 'a\\b.jpg'],
  ])('%s', (_, name, text) => {
    expect(textOfName(name)).toBe(text);
    expect(bytesOf(pathOfText('/f', text)).equals(Buffer.concat([Buffer.from('/f/'), name]))).toBe(
      true,
    );
  });

  it('have one text each, which gives them back', () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 12 }).filter((bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      return !/[/\0]/.test(text) && text !== '.' && text !== '..';
    });
    fc.assert(
      fc.property(name, (bytes) => {
        const text = textOfName(bytes);
        expect(text).not.toMatch(/\p{Cc}/u);
        const path = bytesOf(pathOfText('/f', `d/${text}`));
        expect(path.equals(Buffer.concat([Buffer.from('/f/d/'), bytes]))).toBe(true);
        expect(isPathText(`d/${text}`)).toBe(true);
      }),
    );
  });

  it.each(['', '/a', 'a//b', '.', '../a', 'a/..', '\\x2E\\x2E/a', 'a\\x2Fb', 'a\\x41', 'a\u001bb'])(
    'are no path below a folder: %j',
    (id) => {
      expect(isPathText(id)).toBe(false);
    },
  );

  // macOS and Windows take no other bytes than Unicode.
  it.skipIf(process.platform !== 'linux')('lead to the file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-names-'));
    try {
      const name = Buffer.concat([Buffer.from([0xe9, 0x1b]), Buffer.from('[2J.jpg')]);
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), 'content');
      const [found] = readdirSync(folder, { encoding: 'buffer' });
      expect(textOfName(found!)).toBe('\\xE9\\x1B[2J.jpg');
      expect(readFileSync(pathOfText(folder, textOfName(found!)), 'utf8')).toBe('content');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('texts for a terminal', () => {
  it('keep lines and lose everything that a terminal obeys', () => {
    expect(forTerminal('a\tb\nc \x1b]0;title\x07 \r\u009b2J\u202e ü')).toBe(
      'a\tb\nc \\x1B]0;title\\x07 \\x0D\\xC2\\x9B2J\\xE2\\x80\\xAE ü',
    );
  });
});

describe('cells of spreadsheets', () => {
  it.each(['=1+1.jpg', '+a', '-a/b.jpg', '@x', 'a=b.jpg', 'ü.jpg'])('keep the path %s', (path) => {
    const [[cell]] = decodeCsv(csvRow([csvPath(path)])) as [[string]];
    expect(cell).toMatch(/^[^=+\-@\t\r]/);
    expect(pathOfCsv(cell)).toBe(path);
  });

  it('hold no formula', () => {
    expect(['=A1', '+x', '-x', '@y', '-1', '+2.5', 'cat'].map(csvText)).toEqual([
      ...["'=A1", "'+x", "'-x", "'@y", '-1', '+2.5', 'cat'],
    ]);
  });
});
