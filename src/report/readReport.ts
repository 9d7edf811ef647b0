/** Reading a report from the files of a run. */
import { type EncoderSpec, trainingName } from '../encoders/index.ts';
import {
  changesClusters,
  type EditedClustering,
  isMissing,
  listCheckpoints,
  type RunConfig,
  type RunFolder,
  readEditedClusters,
  readEdits,
  readEvaluation,
  readMaps,
  readRunConfig,
  readStoredReport,
  readThumbnails,
  type StoredReport,
} from '../run/index.ts';
import { editedReport } from './editedReport.ts';
import { readMembers } from './members.ts';
import type { ReportClustering, RunReport } from './runReport.ts';
import { allSettings, settingsInWords } from './settingsInWords.ts';
import { readTraining } from './training.ts';

/**
 * Reads everything that a page shows of a run: training curves, verdict, measures, evaluation,
 * settings and, where it was clustered, clusters with example images, map and skipped files.
 *
 * Needs neither the images nor an encoder.
 *
 * @throws LikenessError `config.*`, `events.*`, and `json.malformed` or `maps.malformed` for a
 * damaged file.
 */
export async function readReport(folder: RunFolder): Promise<RunReport> {
  const stored = await readStoredReport(folder.files.reportJson).catch(undefinedIfMissing);
  const run = await readRunPart(folder, stored?.source.path);
  if (stored === undefined) return run;
  return { ...run, settings: stored.settings, clustering: await readClustered(folder, stored) };
}

/**
 * Reads the part of a report that does not need clusters; the evaluation of `source` alone is part
 * of it.
 */
export async function readRunPart(
  folder: RunFolder,
  source?: string,
): Promise<Omit<RunReport, 'clustering'>> {
  const { files, name } = folder;
  const config = await readRunConfig(folder);
  const isTrained = config.kind === 'trained';
  const step = (await listCheckpoints(files.checkpoints)).at(-1)?.step ?? 0;
  const evaluation = await readEvaluation(files.evaluation).catch(undefinedIfMissing);
  const isShown = evaluation?.labelled && (source === undefined || evaluation.source === source);
  return {
    run: name,
    method: isTrained ? config.settings.method.name : nameOfEncoder(config.encoder),
    ...trainedOf(config),
    settings: settingsInWords(config, { step }),
    allSettings: allSettings(config),
    ...(isTrained && (await readTraining(files.events).catch(undefinedIfMissing))),
    ...(isShown && { evaluation }),
  };
}

/** Names method and model of a run that used a pretrained one. */
function trainedOf(config: RunConfig): Pick<RunReport, 'trained'> {
  if (config.kind !== 'trained' || !(config.base ?? config.origin)) return {};
  return { trained: trainingName(config.settings.method.name, config) };
}

/** Name of an encoder without training: that of an imported model, or of the kind. */
function nameOfEncoder(encoder: EncoderSpec): string {
  return encoder.name === 'model' ? encoder.settings.model : encoder.name;
}

async function readClustered(
  { files }: RunFolder,
  stored: StoredReport,
): Promise<ReportClustering> {
  const { version: _, settings: __, ...clustering } = stored;
  const maps = await readMaps(files.maps).catch(undefinedIfMissing);
  const thumbnails = await readThumbnails(files.thumbnails).catch(undefinedIfMissing);
  const found = await readMembers(files.embeddings, stored.counts).catch(undefinedIfMissing);
  const { edited, ...edits } = (await readEditedPart(files, stored)) ?? {};
  const members = found && edited ? edited.members : found;
  return {
    ...clustering,
    ...edits,
    ...(maps && { maps }),
    ...(thumbnails && { thumbnails }),
    ...(members && { members }),
  };
}

/**
 * Reads the clusters with the changes of a person; undefined where there are none, or where the
 * report is of an earlier clustering.
 */
async function readEditedPart(
  files: RunFolder['files'],
  { clusters, counts, keys }: StoredReport,
): Promise<
  | (Pick<ReportClustering, 'clusters' | 'counts' | 'names'> & { edited: { members: string[][] } })
  | undefined
> {
  if ((await readEdits(files.edits)) === undefined) return undefined;
  const found = await readEditedClusters({ files }).catch(undefinedIfMissing);
  if (!found || !changesClusters(found.operations)) return undefined;
  const isOther = keys?.clustering !== undefined && keys.clustering !== found.stored.key;
  if (isOther || found.images.length !== counts.images) return undefined;
  const edited = editedReport(clusters, found);
  return {
    clusters: edited,
    edited: { members: membersOf(found) },
    counts: { ...counts, clusters: edited.length },
    ...(found.edited.names.size > 0 && { names: found.edited.names }),
  };
}

/** Lists the ids of all images by the number of their cluster after edits. */
function membersOf({ images, edited }: EditedClustering): string[][] {
  const members: string[][] = Array.from({ length: edited.numbers.at(-1)! + 1 }, () => []);
  for (const [row, { path }] of images.entries()) members[edited.clusters[row]!]?.push(path);
  return members;
}

function undefinedIfMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
