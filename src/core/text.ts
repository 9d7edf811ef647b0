/** Numbers, durations and paths as people read them. */
import { join, relative, resolve } from 'node:path';

/** Formats a number with thousands separated, such as `50,000`. */
export function showCount(n: number): string {
  return n.toLocaleString('en-US');
}

/** Formats a value of a setting in three digits, such as `0.000707`, `250` or `1e+30`. */
export function showValue(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential() : String(rounded);
}

/** Formats a number of things, such as `1 image` or `12,345 images`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : many}`;
}

/** Numbers of clusters that images can have, for errors: `a whole number from 2 to 40`. */
export function clusterRange(images: number): string {
  if (images < 2) return 'at least 2 images, because fewer make no clusters';
  return `a whole number from 2 to ${images}`;
}

/** Formats a duration, such as `42 s`, `3 min 5 s` or `2 h 10 min`. */
export function showDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** Formats bytes with decimal units, such as `1.4 GB`. */
export function showBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Shortens a path for people: relative where it is at most one folder up, absolute otherwise. */
export function displayPath(path: string): string {
  const short = relative('', resolve(path));
  return short === '' ? '.' : short.startsWith(join('..', '..')) ? resolve(path) : short;
}

/** Control characters, line separators, and marks that reverse the direction of text. */
const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Writes bytes as `\xHH`. */
export function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}

/** Writes the UTF-8 bytes of characters that a terminal obeys as `\xHH`, except those of `kept`. */
export function escapeUnsafe(text: string, kept = ''): string {
  return text.replace(UNSAFE, (character) =>
    kept.includes(character) ? character : escapeBytes(Buffer.from(character)),
  );
}

/**
 * Text for a terminal: control characters, except tabs and line ends, become `\xHH`, so that a name
 * cannot move the cursor or change colors.
 */
export function forTerminal(text: string): string {
  return escapeUnsafe(text, '\n\t');
}
