/** The report of a run, read and rendered from its files alone. */
import { resolve } from 'node:path';
import {
  type RunReport,
  readReport as readReportOf,
  renderReport as renderReportOf,
} from '../report/index.ts';
import { clusteringFolderAt, openRunFolder, type RunFolder } from '../run/index.ts';
import { checkClusteringName } from './clusteringPlace.ts';
import { checkOptions, path } from './options.ts';

/**
 * Reads everything that the page of a run shows as plain data: training curves, verdict, label-free
 * measures, evaluation, settings and, where the run was clustered, clusters with example images,
 * maps and thumbnails.
 *
 * Needs neither the images nor the encoder. Parts that the run does not have are absent.
 *
 * @param run folder of the run
 * @example
 * const { training, clustering } = await readReport('runs/photos');
 * for (const { cluster, size } of clustering?.clusters ?? []) console.log(cluster, size);
 * @throws LikenessError `run.missing`, `config.*`, `events.*`, and `json.malformed` or
 * `maps.malformed` for a damaged file.
 */
export async function readReport(run: string, options: ReadReportOptions = {}): Promise<RunReport> {
  checkOptions({ clustering: path() }, options);
  return readReportOf(await folderOf(run, options));
}

export interface ReadReportOptions {
  /** Name of a clustering of other images, or of a second one. Default: that of the run itself. */
  clustering?: string;
}

async function folderOf(run: string, { clustering }: ReadReportOptions): Promise<RunFolder> {
  const folder = await openRunFolder(run);
  if (clustering === undefined) return folder;
  checkClusteringName(clustering);
  return clusteringFolderAt(folder, clustering);
}

export interface RenderReportOptions extends ReadReportOptions {
  /** File of the page. Default `report.html` in the run folder. */
  to?: string;
}

/**
 * Writes the page of a run from its files and returns its absolute path.
 *
 * The page is one HTML file without links to others. Clusters are part of it once
 * `clustering.writeReport()` has stored their example images. The same files give the same bytes.
 *
 * @param run folder of the run
 * @example
 * await renderReport('runs/photos', { to: 'photos.html' });
 * @throws LikenessError as `readReport`, and `write.*`
 */
export async function renderReport(
  run: string,
  options: RenderReportOptions = {},
): Promise<string> {
  checkOptions({ to: path(), clustering: path() }, options);
  const folder = await folderOf(run, options);
  const { to = folder.files.reportHtml } = options;
  await renderReportOf(folder, to);
  return resolve(to);
}
