/** `likeness assign`: further images to the clusters of a run. */
import { LikenessError } from '../core/errors.ts';
import { displayPath } from '../core/text.ts';
import type { AssignedImage, Model, StoredClustering, ValueRange } from '../likeness.ts';
import type { Command } from './command.ts';
import { type EncoderFlags, encoderOption, openChecked } from './encoderOption.ts';
import { programWords, shellWord } from './invocation.ts';
import { required } from './required.ts';
import { pagesOption, rangeOption } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';

export const assignCommand: Command = {
  name: 'assign',
  summary: "Assigns new images to a run's existing clusters.",
  details: [
    'Each image is assigned to the cluster with the nearest centroid, or to the most ' +
      'probable one where the method has learned the clusters itself. Confidence ranges from ' +
      '1/K to 1 and compares the clusters with each other. Margin is the lead of the best ' +
      'over the second best cluster, in cosine or probability. A margin near 0 means ' +
      'undecided.',
    'Images that cannot be read are listed with the reason. The command fails only where ' +
      'none can be read.',
  ].join('\n'),
  arguments: [{ name: 'image', description: 'image files, or folders of them', count: 'many' }],
  options: [
    { flags: '--run <dir>', description: 'run that "likeness cluster" was used on (required)' },
    {
      flags: '--clustering <name>',
      description: 'name of the clustering',
      default: "that of the run's own images",
    },
    pagesOption,
    { ...rangeOption, default: 'as for the run' },
    { ...encoderOption, description: "encoder of the run; an error where it is not the run's" },
  ],
  examples: [
    { command: 'likeness assign new.jpg --run runs/photos', meaning: 'the cluster of one image' },
    {
      command: 'likeness assign inbox --run runs/photos --json',
      meaning: 'the clusters of all images of a folder, for a script',
    },
  ],
  async run(files, options, terminal) {
    const { run, encoder, clustering: name, pages, range } = options as AssignFlags;
    const path = required('--run', run, 'the folder of a run that was clustered');
    const model = await openChecked(path, { encoder }, terminal);
    const { watch } = terminal;
    const unreadable: string[] = [];
    // Files that cannot be read are listed below the table.
    const onWarning = ({ message }: { message: string }) => void unreadable.push(message);
    const named = name === undefined ? undefined : { stored: await clusteringNamed(model, name) };
    const assigned = await model.assign(files, named, { pages, range, ...watch, onWarning });
    terminal.endProgress();
    printTable(assigned, terminal);
    for (const line of unreadable) terminal.warn(line);
    const { k, step } = assigned;
    return { run: model.run, k, step, images: [...assigned], unreadable: assigned.unreadable };
  },
};

interface AssignFlags extends EncoderFlags {
  clustering?: string;
  pages?: 'first' | 'all';
  range?: ValueRange;
}

async function clusteringNamed(model: Model, name: string): Promise<StoredClustering> {
  const stored = await model.clustering(name);
  if (stored) return stored;
  throw new LikenessError(
    'clustering.missing',
    `--clustering: received "${name}"; expected the name of a folder in ` +
      `${displayPath(model.run)}/clusterings. Use: ${programWords()} cluster <source> --run ` +
      `${shellWord(displayPath(model.run))} --name ${shellWord(name)}`,
  );
}

function printTable(images: readonly AssignedImage[], terminal: Terminal): void {
  const width = Math.max(...images.map(({ path }) => path.length), 'path'.length);
  const isNamed = images.some(({ name }) => name !== undefined);
  const last = isNamed ? '  name' : '';
  terminal.say(`${'path'.padEnd(width)}  cluster  confidence  margin${last}`);
  for (const { path, cluster, confidence, margin, name } of images) {
    const cells = [
      String(cluster).padStart(7),
      confidence.toFixed(3).padStart(10),
      margin.toFixed(3).padStart(6),
      ...(name === undefined ? [] : [name]),
    ];
    terminal.say(`${path.padEnd(width)}  ${cells.join('  ')}`);
  }
}
