/** The report of a run, read and rendered from its files alone. */
import { resolve } from 'node:path';
import {
  type RunReport,
  readReport as readReportOf,
  renderReport as renderReportOf,
} from '../report/index.ts';
import { openRunFolder } from '../run/index.ts';
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
export async function readReport(run: string): Promise<RunReport> {
  return readReportOf(await openRunFolder(run));
}

export interface RenderReportOptions {
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
export async function renderReport(run: string, options: RenderReportOptions = {}): Promise<string> {
  checkOptions({ to: path() }, options);
  const folder = await openRunFolder(run);
  const { to = folder.files.reportHtml } = options;
  await renderReportOf(folder, to);
  return resolve(to);
}
