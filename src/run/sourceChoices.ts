/** The source of a run with the ways of reading it, which config.json stores for later commands. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Reporter } from '../core/reporter.ts';
import { rangeText, type Source, type SourceChoices, type SourceOptions } from '../data/index.ts';
import { readConfig } from './config.ts';
import { runFolderAt } from './files.ts';
import { isRunFolder } from './folder.ts';
import { readJsonIfValid } from './json.ts';

/** Source of a run. */
export interface StoredSource extends SourceChoices {
  /** Absolute path. */
  readonly path: string;
  readonly name: string;
  readonly kind: string;
}

/** Schema of a stored source. Runs of before version 5 have no choices. */
export const storedSource = z.object({
  path: z.string(),
  name: z.string(),
  kind: z.string(),
  exclude: z.array(z.string()).optional(),
  classes: z.array(z.string().min(1)).optional(),
  labels: z.string().min(1).optional(),
  pages: z.enum(['first', 'all']).optional(),
  range: z
    .tuple([z.number(), z.number()])
    .refine(([black, white]) => black < white, 'expected two numbers, the first below the second')
    .optional(),
});

/** Describes a source for config.json. */
export function storedSourceOf({ path, name, kind, choices }: Source): StoredSource {
  return { path, name, kind, ...choices };
}

/** File of a comparison's folder with the source in `read`. */
const CONDITIONS = 'conditions.json';

/**
 * Reads the source of a run or of a comparison. Undefined without one there, and for content that
 * is no source.
 */
export async function readStoredSource(run: string): Promise<StoredSource | undefined> {
  if (!(await isRunFolder(run))) {
    const compared = await readJsonIfValid(join(run, CONDITIONS), z.object({ read: storedSource }));
    return compared?.read;
  }
  // Whoever opens the run reports what is wrong with the file.
  const config = await readConfig(runFolderAt(run)).catch(() => undefined);
  return storedSource.safeParse(config?.source).data;
}

/**
 * Fills in the choices that are not given with those of a run, where the images are its own. A note
 * tells those that are taken from the run.
 *
 * @param path of the images
 */
export function choicesAsStored(
  stored: StoredSource | undefined,
  { path, given }: { path: string; given: SourceChoices },
  reporter: Reporter,
): SourceChoices & Pick<SourceOptions, 'lenient'> {
  if (stored === undefined || !isOwnSource(stored, path)) return given;
  const taken: SourceChoices = {
    ...(given.exclude === undefined && stored.exclude && { exclude: stored.exclude }),
    ...(given.classes === undefined && stored.classes && { classes: stored.classes }),
    ...(given.labels === undefined && stored.labels && { labels: stored.labels }),
    ...(given.pages === undefined && stored.pages && { pages: stored.pages }),
  };
  const text = choicesText(taken);
  if (text !== undefined) {
    reporter.note({ code: 'images.asRun', message: `read as for the run, ${text}` });
  }
  // Files that the patterns left out, and classes, may be gone since.
  return { ...given, ...taken, ...((taken.exclude || taken.classes) && { lenient: true }) };
}

/** Tells if a path is that of a run's source, or that of its folder after a move. */
function isOwnSource(stored: StoredSource, path: string): boolean {
  if (resolve(path) === stored.path) return true;
  return basename(resolve(path)) === basename(stored.path) && !existsSync(stored.path);
}

/** Words for choices except the range, which is said where images have one. */
function choicesText({ exclude = [], classes, labels, pages }: SourceChoices): string | undefined {
  const parts: string[] = [];
  if (exclude.length > 0) {
    parts.push(`without ${exclude.map((pattern) => JSON.stringify(pattern)).join(' and ')}`);
  }
  if (classes) parts.push(`of the classes ${classes.join(', ')}`);
  if (labels !== undefined) {
    parts.push(labels === 'none' ? 'without labels' : `with labels from ${labels}`);
  }
  if (pages === 'all') parts.push('with all pages of files of several');
  return parts.length > 0 ? parts.join(', ') : undefined;
}

/** Words for the ways in which the source of a run is read, with the range; undefined for none. */
export function readingText(source: SourceChoices): string | undefined {
  const range = source.range && rangeText(source.range);
  const parts = [choicesText(source), range].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', ') : undefined;
}
