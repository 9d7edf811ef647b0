const integer = new Intl.NumberFormat('en-US');

/** Formats a count, such as 12,345. */
export const countOf = (value: number) => integer.format(value);

/** Formats a count with its noun, such as `1 image` or `12,345 images`. */
export const countWords = (value: number, noun: string) =>
  `${countOf(value)} ${value === 1 ? noun : `${noun}s`}`;

/** Formats the number of a place, such as 1st, 2nd, 3rd, 10th or 11th. */
export function ordinal(value: number): string {
  const kind = new Intl.PluralRules('en-US', { type: 'ordinal' }).select(value);
  return `${countOf(value)}${{ one: 'st', two: 'nd', few: 'rd' }[kind as string] ?? 'th'}`;
}

export const percent = (share: number) => `${Math.round(100 * share)} %`;

/** Formats a number of at most four digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return countOf(Math.round(value));
  if (size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** Formats days since 1970 as a date. */
export const dateOf = (days: number) =>
  Number.isFinite(days) ? new Date(days * 86_400_000).toISOString().slice(0, 10) : 'unknown';

/**
 * Formats days since 1970 on a scale of so many days: as months where it is long, with the time of
 * the browser's clock where it is short.
 */
export function dateOnScale(days: number, scale: number): string {
  if (!Number.isFinite(days)) return 'unknown';
  if (scale > 1000) return dateOf(days).slice(0, 7);
  if (scale > 3) return dateOf(days);
  const date = new Date(days * 86_400_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Formats seconds in one or two units, such as `2 min 5 s`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return s % 60 && minutes < 10 ? `${minutes} min ${s % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48 && minutes % 60 === 0) return `${hours} h`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** Formats bytes, such as 3.1 MB. */
export function fileSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  if (bytes < 1000) return `${bytes} B`;
  const unit = bytes < 1e6 ? 'kB' : bytes < 1e9 ? 'MB' : 'GB';
  const value = bytes / { kB: 1e3, MB: 1e6, GB: 1e9 }[unit];
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

const controls = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Makes control and direction characters of a file name visible, so that a name cannot reorder or
 * hide the text around it.
 */
export const visibleName = (name: string) =>
  name.replace(controls, (character) => {
    const code = character.codePointAt(0)!;
    if (code === 10) return '↵';
    return code < 32
      ? String.fromCodePoint(0x2400 + code)
      : `⟨U+${code.toString(16).toUpperCase()}⟩`;
  });
