/** Duplicates and outliers of the opened run: computed in jobs, stored, and answered at once. */
import type { OutlierScores } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { workerUrl } from '../core/workers.ts';
import { detailOf } from '../duplicates/index.ts';
import { compareImages, keyOfImages } from './compareImages.ts';
import type { GroupedDuplicates } from './duplicateGroups.ts';
import { groupInWorker } from './duplicateGroupsJob.ts';
import { answerDuplicates, comparedText, type DuplicatesQuestion } from './duplicates.ts';
import { readDuplicates, type StoredDuplicates, writeDuplicates } from './duplicatesFile.ts';
import { changesOf, type FileChanges, stampsOf } from './fileStamps.ts';
import { featuresOf } from './find.ts';
import type { Jobs } from './jobs.ts';
import type { OpenedRun } from './openedRun.ts';
import { readOutliers, writeOutliers } from './outliersFile.ts';
import type {
  DuplicateImageAnswer,
  DuplicatesAnswer,
  JobAnswer,
  OutliersAnswer,
} from './protocol.ts';
import { inWorker } from './workerJob.ts';

/** Most outliers of an answer. */
const MAX_OUTLIERS = 1000;

export interface FindJobs {
  /**
   * Groups duplicates at a threshold, or names the job that compares the images; null before the
   * first comparison.
   *
   * @throws LikenessError `explore.threshold` for a threshold below the lowest
   */
  duplicates(question: DuplicatesQuestion): Promise<DuplicatesAnswer | JobAnswer | null>;
  /** Lists the images of all groups. @throws LikenessError `explore.noDuplicates` */
  duplicateImages(): Promise<DuplicateImageAnswer[]>;
  /** Starts to compare the images, or returns the job that does it. */
  findDuplicates(): JobAnswer;
  /** Looks again which files are there, after files were moved. */
  filesMoved(): void;
  /**
   * Ranks outliers, or names the job that computes them.
   *
   * @throws LikenessError `explore.noFeatures`
   */
  outliers(): Promise<OutliersAnswer | JobAnswer>;
  /** Ends the workers of questions. Jobs end by themselves. */
  close(): void;
}

/** Duplicates that are known of some images. */
interface Known {
  readonly stored: StoredDuplicates;
  /** Groups without some rows, of which `goneRows` lists the numbers. */
  groups?: { readonly goneRows: string; readonly made: Promise<GroupedDuplicates> } | undefined;
  /** Groups without the files that are gone; looked up again after files were moved. */
  now?: Promise<{ grouped: GroupedDuplicates; changes: FileChanges }> | undefined;
}

/** @param current gives the opened run */
export function openFindJobs(current: () => OpenedRun, jobs: Jobs): FindJobs {
  const known = new Map<string, Promise<Known | undefined>>();
  const scored = new Map<string, Promise<OutlierScores | undefined>>();
  const running = new Map<string, number>();
  const closing = new AbortController();

  function runningJob(name: string): JobAnswer | undefined {
    const job = running.has(name) ? jobs.get(running.get(name)!) : undefined;
    return job?.state === 'running' ? job : undefined;
  }
  function knownOf(run: OpenedRun): Promise<Known | undefined> {
    const key = keyOfImages(run);
    const found = known.get(key) ?? read(run, key);
    known.set(key, found);
    found.catch(() => known.delete(key)); // reported to whoever asks for it
    return found;
  }
  async function read(run: OpenedRun, key: string): Promise<Known | undefined> {
    if (!run.folder) return undefined;
    const stored = await readDuplicates(run.folder.files.duplicates, key, run.ids.length);
    return stored && { stored };
  }
  async function requireKnown(run: OpenedRun): Promise<Known> {
    const found = await knownOf(run);
    if (found) return found;
    throw new LikenessError(
      'explore.noDuplicates',
      'The images are not compared yet. Find duplicates first.',
    );
  }
  /** Groups duplicates in a worker, unless these images were grouped last. */
  function groupsWithout(
    one: Known,
    gone: ReadonlySet<number>,
    reporter: Reporter = reporterOf({ signal: closing.signal }),
  ): Promise<GroupedDuplicates> {
    const goneRows = [...gone].join();
    if (one.groups?.goneRows === goneRows) return one.groups.made;
    const made = groupInWorker(one.stored, gone, reporter);
    const groups = { goneRows, made };
    one.groups = groups;
    made.catch(() => {
      if (one.groups === groups) one.groups = undefined;
    });
    return made;
  }
  function groupedNow(run: OpenedRun, one: Known) {
    one.now ??= (async () => {
      const { stored } = one;
      const changes = run.source
        ? changesOf(stored.stamps, await stampsOf(run))
        : { gone: new Set<number>(), changed: false };
      return { grouped: await groupsWithout(one, changes.gone), changes };
    })();
    one.now.catch(() => {
      one.now = undefined;
    });
    return one.now;
  }

  return {
    async duplicates(question) {
      const run = current();
      const job = runningJob(`duplicates ${keyOfImages(run)}`);
      if (job) return job;
      const one = await knownOf(run);
      if (!one) return null;
      const { least } = one.stored;
      if (question.threshold < least) {
        throw new LikenessError(
          'explore.threshold',
          `threshold: received ${question.threshold}; expected ${least} to 1`,
        );
      }
      return answerDuplicates(run, one.stored, await groupedNow(run, one), question);
    },
    async duplicateImages() {
      const run = current();
      const { stored } = await requireKnown(run);
      const entries = run.source?.images.source.entries;
      return stored.images.map(({ row, sameAs: _, sharpness, ...facts }) => {
        const isPage = entries?.[run.source!.indexOf(run.ids[row]!) ?? -1]?.file !== undefined;
        return {
          row,
          path: run.ids[row]!,
          ...facts,
          isPage,
          detail: detailOf({ ...facts, sharpness }),
        };
      });
    },
    findDuplicates() {
      const run = current();
      const key = keyOfImages(run);
      const before = runningJob(`duplicates ${key}`);
      if (before) return before;
      const job = jobs.start('duplicates', 'comparing images', async (reporter) => {
        const stored = await compareImages(run, reporter);
        const found: Known = { stored };
        const grouped = await groupsWithout(found, new Set(), reporter);
        known.set(key, Promise.resolve(found));
        if (run.folder && run.writable) {
          await writeDuplicates(run.folder.files.duplicates, key, stored);
        }
        return { text: comparedText(stored, grouped) };
      });
      running.set(`duplicates ${key}`, job.id);
      return job;
    },
    filesMoved() {
      for (const one of known.values()) {
        one.then((found) => {
          if (found) found.now = undefined;
        }, ignore);
      }
    },
    close: () => closing.abort(new LikenessError('explore.closed', 'the server ends')),
    async outliers() {
      const run = current();
      featuresOf(run);
      const { folder, key, ids } = run;
      const found = scored.get(key) ?? readOutliers(folder!.files.outliers, key, ids.length);
      scored.set(key, found);
      const scores = await found;
      if (scores) return outliersOf(key, scores);
      scored.delete(key);
      const before = runningJob(`outliers ${key}`);
      if (before) return before;
      const job = jobs.start('outliers', 'finding the neighbors of images', async (reporter) => {
        const { embeddings, outliers } = folder!.files;
        const made = await inWorker<OutlierScores>(
          workerUrl(import.meta.url, './outliers.worker'),
          { file: embeddings, threads: run.config!.threads },
          reporter,
          { endedBy: 'work' },
        );
        scored.set(key, Promise.resolve(made));
        if (run.writable) await writeOutliers(outliers, key, made);
        return { text: 'the outliers are ready' };
      });
      running.set(`outliers ${key}`, job.id);
      return job;
    },
  };
}

const ignore = () => {};

/** Ranks rows by falling distance. Equal ones keep their order. */
function outliersOf(key: string, { k, distances, nearest }: OutlierScores): OutliersAnswer {
  const rows = [...distances.keys()].sort((a, b) => distances[b]! - distances[a]! || a - b);
  const sorted = distances.toSorted();
  return {
    ...{ key, neighbor: k, total: distances.length },
    median: sorted[(sorted.length - 1) >> 1] ?? 0,
    images: rows.slice(0, MAX_OUTLIERS).map((row) => ({
      ...{ row, distance: distances[row]! },
      ...(nearest[row]! >= 0 && { nearest: nearest[row]! }),
    })),
  };
}
