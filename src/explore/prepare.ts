/** From a source to clusters on the page, while the page is open already. */
import { resolve } from 'node:path';
import type { Reporter } from '../core/reporter.ts';
import { openImages } from '../library/images.ts';
import { openModel } from '../library/model.ts';
import { start } from '../library/start.ts';
import { isRunFolder, type RunConfig } from '../run/index.ts';
import type { Explorer } from './explorer.ts';
import { openForPage, openSourceForPage } from './openedRun.ts';
import type { JobAnswer } from './protocol.ts';
import { findRuns } from './runs.ts';
import { type SourceImages, sourceImagesOf } from './sourceImages.ts';

export interface PrepareOptions {
  /** Folder of a new run. Default `runs/<date>-<way>-<source>`. */
  readonly out?: string;
  /** Encoder of a new run, as `start` takes it. Default: patch features. */
  readonly encoder?: string;
  /** Takes a model of the hub from the cache alone. */
  readonly offline?: boolean;
  /** Number of clusters. Default: suggested. */
  readonly k?: number;
  /** Folder whose runs are looked through. Default: the working folder. */
  readonly cwd?: string;
  /** Ends the work that precedes the page. */
  readonly signal?: AbortSignal;
}

/**
 * Shows the images of a source at once, and the clusters of its last run. Where there is no run, or
 * no clusters, a job makes them and shows them at its end.
 *
 * @returns the job, or undefined where the clusters were there
 * @throws LikenessError `source.*` where there is nothing to read
 */
export async function prepare(
  explorer: Explorer,
  path: string,
  { out, encoder, offline, k, cwd = process.cwd(), signal }: PrepareOptions = {},
): Promise<{ job?: JobAnswer; close(): Promise<void> }> {
  const before = await runOf(path, { out, encoder, cwd });
  const images = await openImages(path, { signal, ...(before !== undefined && { run: before }) });
  const source = sourceImagesOf(images);
  const close = () => images.close();
  try {
    if (before !== undefined) {
      const opened = await openForPage(before, { source });
      await explorer.show(opened);
      if (opened.clusters || opened.config?.kind === 'trained') return { close };
    } else await explorer.show(openSourceForPage(source));
  } catch (error) {
    await close();
    throw error;
  }
  const job = explorer.job('features', 'learning features', async (reporter) => {
    const run = await cluster(source, { run: before, out, encoder, offline, k }, reporter);
    await explorer.show(await openForPage(run, { source }));
    return { text: 'the clusters are ready', folder: run };
  });
  return { job, close };
}

/** Learns features where there is no run, and clusters the images. Returns the run's path. */
async function cluster(
  { images }: SourceImages,
  { run, out, encoder, offline, k }: Omit<PrepareOptions, 'cwd'> & { run: string | undefined },
  reporter: Reporter,
): Promise<string> {
  const { signal } = reporter;
  const watch = { signal, onProgress: reporter.progress };
  const model =
    run === undefined
      ? await start(images, { out, encoder, offline, ...watch })
      : await openModel(run);
  await model.cluster(images, { k, ...watch });
  return model.run;
}

/** Finds the last run of a source that fits what was asked for. */
async function runOf(
  path: string,
  { out, encoder, cwd }: { out: string | undefined; encoder: string | undefined; cwd: string },
): Promise<string | undefined> {
  if (out !== undefined) return (await isRunFolder(out)) ? out : undefined;
  const source = resolve(path);
  const found = await findRuns(cwd);
  const own = found.filter(
    ({ config }) => config.source.path === source && hasEncoder(config, encoder),
  );
  return (own.find(({ listing }) => listing.clusters !== undefined) ?? own[0])?.folder.path;
}

/**
 * Returns true for a run with the encoder that is asked for; every run where none is. A model in a
 * file may differ from another of the same name, so it gets a run of its own.
 */
export function hasEncoder(config: RunConfig, encoder: string | undefined): boolean {
  if (encoder === undefined) return true;
  if (config.kind === 'trained') return encoder === 'train';
  const { encoder: own } = config;
  return own.name === 'model' ? own.settings.hub?.id === encoder : own.name === encoder;
}
