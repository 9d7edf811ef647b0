/** Tells of skipped files and of remarks about the images that are used. */
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import { countEqual } from './distinct.ts';
import { heicCommand } from './heic.ts';
import { remarkTexts } from './remarks.ts';
import { heicReason } from './sniff.ts';
import type { PixelCache, SkippedImage } from './types.ts';

/** Damaged images that are named, and kinds of other files. */
const MAX_NAMED = 3;
const MAX_KINDS = 6;

export interface ReportSkippedOptions {
  /** File that lists all skipped files, for the text. */
  listedIn?: string;
}

/**
 * Warns of damaged images with the first few reasons, then of other files by kind in one line, and
 * notes repaired, equal and empty pictures.
 */
export function reportSkipped(
  cache: Pick<PixelCache, 'skipped' | 'remarks' | 'count' | 'contents' | 'entries'>,
  reporter: Reporter,
  { listedIn }: ReportSkippedOptions = {},
): void {
  const { skipped, remarks, count } = cache;
  const warn = (message: string) => reporter.warn({ code: 'images.skipped', message });
  const damaged = skipped.filter((image) => image.damaged);
  const others = skipped.filter((image) => !image.damaged);
  const listed = listedIn === undefined ? '' : ` (all are listed in ${listedIn})`;
  if (damaged.length > 0) {
    warn(`skipped ${plural(damaged.length, 'image')}${listed}:`);
    for (const { id, reason } of damaged.slice(0, MAX_NAMED)) warn(`  ${id}: ${reason}`);
  }
  if (others.length > 0) {
    const where = damaged.length > 0 ? '' : listed;
    warn(`skipped ${plural(others.length, 'other file')}${where}: ${kindsText(others)}`);
  }
  const heic = others.filter(({ reason }) => reason === heicReason).length;
  if (heic > 0) {
    const images = plural(heic, 'HEIC image');
    warn(`${images} can be converted to JPEG, in the folder of each, with: ${heicCommand()}`);
  }
  for (const message of remarkTexts(remarks, count)) {
    const isEmpty = message.includes('single value');
    if (isEmpty) reporter.warn({ code: 'images.flat', message });
    else reporter.note({ code: 'images.remark', message });
  }
  const equal = countEqual(cache);
  if (equal > 0) {
    const text = equal === 1 ? '1 image equals' : `${showCount(equal)} images equal`;
    reporter.note({ code: 'images.equal', message: `${text} another one, pixel by pixel` });
  }
}

/** Numbers of files by kind, the most frequent first, such as `12 .txt, 3 HEIC, 1 folder`. */
function kindsText(files: readonly SkippedImage[]): string {
  const counts = new Map<string, number>();
  for (const file of files) {
    const kind = kindOf(file);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = kinds.slice(0, MAX_KINDS).map(([kind, n]) => `${showCount(n)} ${kind}`);
  const rest = kinds.slice(MAX_KINDS).reduce((sum, [, n]) => sum + n, 0);
  return shown.join(', ') + (rest > 0 ? `, ${showCount(rest)} of other kinds` : '');
}

function kindOf({ id, reason }: SkippedImage): string {
  if (reason === heicReason) return 'HEIC';
  if (/^(link|folder|not a regular file|truncated|damaged)/.test(reason))
    return reason.split(':')[0]!;
  const [extension] = /\.[\w-]{1,12}$/.exec(id) ?? [];
  return extension?.toLowerCase() ?? 'without extension';
}
