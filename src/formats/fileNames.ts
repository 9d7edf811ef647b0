/**
 * File names of any bytes as text, and text as file names.
 *
 * A name that is valid UTF-8 without control characters is its own text. In any other name bytes
 * are written `\xHH`: those that are no UTF-8, and those of control characters, of line separators
 * and of marks that reverse the direction of text. A backslash before `xHH` becomes `\x5C`, so that
 * every text stands for one name. On Windows names are text already.
 */
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { escapeBytes, escapeUnsafe } from '../core/text.ts';

const ESCAPE = /\\x([0-9A-F]{2})/g;
/** Backslash that would be read as the start of an escape. */
const LOOKS_ESCAPED = /\\(?=x[0-9A-F]{2})/g;

/** Text of a name that the system has given as bytes. */
export function textOfName(name: Uint8Array): string {
  if (isUtf8(name)) return safeText(Buffer.from(name).toString('utf8'));
  let text = '';
  for (let at = 0; at < name.length; ) {
    const length = [1, 2, 3, 4].find(
      (n) => at + n <= name.length && isUtf8(name.subarray(at, at + n)),
    );
    const part = name.subarray(at, at + (length ?? 1));
    const character = Buffer.from(part).toString('utf8');
    text += length === undefined || character === '\\' ? escapeBytes(part) : character;
    at += part.length;
  }
  return escapeUnsafe(text);
}

function safeText(text: string): string {
  return escapeUnsafe(text.replace(LOOKS_ESCAPED, '\\x5C'));
}

/**
 * Path of an id below a folder, for the file system: a string, or bytes where the id has escapes.
 *
 * @param id text with `/` between names, as `textOfName` writes them
 */
export function pathOfText(folder: string, id: string): string | Buffer {
  const path = join(folder, ...id.split('/'));
  if (process.platform === 'win32' || !id.includes('\\x')) return path;
  return Buffer.concat([Buffer.from(join(folder, '/')), bytesOf(id)]);
}

/** Bytes that a text of names stands for. */
function bytesOf(text: string): Buffer {
  const name = Buffer.from(text)
    .toString('latin1')
    .replace(ESCAPE, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(name, 'latin1');
}

/**
 * Tells if a text is the path of a file below any folder: names as `textOfName` writes them, and no
 * way up, also not by escapes.
 */
export function isPathText(id: string): boolean {
  return id
    .split('/')
    .every((name) => !['', '.', '..'].includes(name) && textOfName(bytesOf(name)) === name);
}
