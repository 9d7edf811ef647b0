/** `likeness cluster`: from a run and images to clusters. */
import { LikenessError } from '../core/errors.ts';
import { displayPath, plural } from '../core/text.ts';
import {
  type Clustering,
  type ClusterOptions,
  type ColorAgreement,
  checkClustering,
  type Images,
  type Model,
} from '../likeness.ts';
import { algorithmOption } from './algorithmOption.ts';
import { clusterTable, type TableRow } from './clusterTable.ts';
import type { Command } from './command.ts';
import { type EncoderFlags, encoderOptions, modelOrStart } from './encoderOption.ts';
import { oneOf, wholeNumber } from './parse.ts';
import { openOptions, showReport } from './showReport.ts';
import { runSourceOptions, type SourceFlags, withGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';

export const clusterCommand: Command = {
  name: 'cluster',
  summary: "Clusters a source's images with a run's encoder.",
  details: [
    'Without --run, the default road of "likeness start" makes a run for the source first.',
    'Writes into the run folder: report.html (the clusters as pictures, the most typical ' +
      'first), clusters.csv (path, cluster, confidence, margin to the second best, nearest ' +
      'prototype), embeddings.safetensors, and clusters.safetensors, by which "likeness ' +
      'assign" assigns further images to the same clusters.',
    'Clusters that the method has learned itself (contrastive-clustering) are used unless ' +
      '-k asks for another number, or --algorithm for one. Confidence is then the probability ' +
      'of the cluster, and margin its lead in probability. The column of prototypes is empty ' +
      'for methods without them.',
    'Otherwise an algorithm finds the clusters, and every image belongs to the nearest centroid. ' +
      'smoothed-kmeans is k-means on features that are averaged with those of their ten nearest ' +
      'neighbors, three times, on up to 30,000 images. Clusters of fewer than 50 images on ' +
      'average have fewer neighbors.',
    'Without -k, a number of clusters is suggested from the data, with a range ' +
      'of at most a factor of four. It is the number of groups in a graph of nearest neighbors ' +
      '(docs/suggested-k.md). Where no groups are found, the output says so, and a ' +
      'usual number is taken. The report shows for each number of groups how far they are ' +
      'above chance, how samples and random starts agree, and how often neighbors stay ' +
      'together. These measures do not compare encoders. Cluster 0 is the largest. ' +
      'Separation is the mean simplified silhouette: 1 far from others, 0 on the border.',
    'Says whether the groups follow color, without labels: how often images near in color ' +
      'share a group, and the agreement (AMI) of the groups with as many k-means clusters of ' +
      'the color histogram and of raw pixels, on up to 2,000 images.',
    'The report also plots the similarity of positive and negative pairs of images and of ' +
      'clusters over training, and a map of up to 1,000 images before training, at the ' +
      'snapshots (likeness train --snapshots) and now, colored by cluster.',
    'The source may differ from the one that the run was trained on. Its files are then in ' +
      'clusterings/<name> of the run folder, and the clusters of the run stay. --name makes ' +
      'a second clustering of the same images.',
  ].join('\n'),
  arguments: [{ name: 'source', description: 'folder of images, tar file, or packed data set' }],
  options: [
    {
      flags: '--run <dir>',
      description: 'run whose encoder is used',
      default: 'a new one, as "likeness start" makes it',
    },
    ...encoderOptions,
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters',
      default: 'learned by the method, or suggested from the data',
      parse: wholeNumber('-k'),
    },
    algorithmOption,
    {
      flags: '--name <name>',
      description: 'name of the clustering, whose files are in clusterings/<name> of the run',
      default: 'none for the images of the run, else that of the source',
    },
    { flags: '--into <dir>', description: 'sort the images into one folder per cluster there' },
    {
      flags: '--by <way>',
      description: 'way of placing the images of --into: copy or link',
      default: 'copy',
      parse: oneOf('--by', ['copy', 'link'] as const),
    },
    {
      flags: '--split <part>',
      description: 'images to cluster: train, test or all',
      default: 'all',
      parse: oneOf('--split', ['train', 'test', 'all'] as const),
    },
    {
      flags: '--seed <n>',
      description: 'seed of the clustering',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    ...runSourceOptions,
    ...openOptions,
  ],
  examples: [
    { command: 'likeness cluster photos', meaning: 'learn features and cluster by them' },
    {
      command: 'likeness cluster photos --run runs/photos',
      meaning: 'suggest a number of clusters and write the report',
    },
    {
      command: 'likeness cluster photos --run runs/photos -k 5 --name coarse',
      meaning: 'a second clustering beside the first; assign --clustering coarse uses it',
    },
    {
      command: 'likeness cluster photos --run runs/photos -k 20 --into sorted --by link',
      meaning: '20 clusters, with a folder of links for each',
    },
  ],
  async run([source], options, terminal) {
    const { run, encoder, offline, clusters: k, open: show, ...rest } = options as ClusterFlags;
    const { algorithm, split, seed, name, into, by } = rest;
    if (by !== undefined && into === undefined) {
      throw new LikenessError(
        'flag.missing',
        '--by: expected --into with the folder to sort the images into',
      );
    }
    return withGiven(source!, options, terminal, async (open) => {
      // A run is opened faster than a source, and made more slowly.
      if (run === undefined) await checkClustering(await open(), { k, into });
      const model = await modelOrStart(open, { run, encoder, offline }, terminal);
      if (run !== undefined) await checkClustering(await open(), { k, into });
      const result = await clusterWith(
        model,
        await open(),
        { k, algorithm, split, seed, name, into, by },
        terminal,
      );
      // Who names a run repeats a step; the default road ends with the page.
      const asked = run === undefined ? show : (show ?? false);
      await showReport(result.files.report!, { open: asked }, terminal);
      return result;
    });
  },
};

interface ClusterFlags
  extends Pick<ClusterOptions, 'algorithm' | 'split' | 'seed' | 'name'>,
    SortFlags,
    EncoderFlags,
    SourceFlags {
  clusters?: number;
  open?: boolean;
}

interface SortFlags {
  into?: string;
  by?: 'copy' | 'link';
}

/** Clusters, prints the result, and returns what `cluster --json` prints. */
export async function clusterWith(
  model: Model,
  images: Images,
  { into, by, ...options }: ClusterOptions & SortFlags,
  terminal: Terminal,
) {
  const { watch, command } = terminal;
  const clustering = await model.cluster(images, { ...options, command, ...watch });
  const report = await clustering.writeReport(watch);
  terminal.endProgress();
  printClustering(clustering, terminal);
  const files: Record<string, string> = { report, ...clustering.files };
  if (into !== undefined) {
    const sorted = await clustering.sortInto(into, { by, ...watch });
    terminal.endProgress();
    files.into = sorted.folder;
    if (sorted.pages > 0) {
      terminal.say(`${plural(sorted.pages, 'page')} written as PNG files of their own`);
    }
    for (const { id, reason } of sorted.failed) terminal.warn(`not sorted: ${id}: ${reason}`);
  }
  for (const [name, file] of Object.entries(files)) {
    terminal.say(`${name.padEnd(10)}  ${displayPath(file)}`);
  }
  const { k, kReason, kRange, by: origin, groups, colorAgreement, skipped } = clustering;
  return {
    run: model.run,
    name: clustering.name ?? null,
    source: images.source.path,
    images: clustering.images.length,
    k,
    kReason,
    kRange: kRange ?? null,
    by: origin,
    suggestion: suggestionJson(clustering),
    colorAgreement,
    clusters: groups,
    files,
    skipped,
  };
}

function printClustering(clustering: Clustering, terminal: Terminal): void {
  const { images, k } = clustering;
  terminal.say(`${plural(images.length, 'image')} in ${plural(k, 'cluster')}`);
  printGroups(clustering, terminal);
}

/** Prints why there are as many groups, whether they follow color, and a table of them. */
export function printGroups(
  {
    kReason,
    groups,
    colorAgreement,
  }: {
    kReason: string;
    groups: readonly TableRow[];
    colorAgreement?: Pick<ColorAgreement, 'text'> | undefined;
  },
  terminal: Terminal,
): void {
  terminal.say(kReason);
  if (colorAgreement) terminal.say(colorAgreement.text);
  terminal.say();
  for (const line of clusterTable(groups)) terminal.say(line);
  terminal.say();
}

/**
 * Formats a suggested K for scripts: the number, the range that is about as good, whether groups
 * stand out, and the measures at each number.
 */
function suggestionJson({ suggestion }: Clustering): object | null {
  if (!suggestion) return null;
  const { best, range, found, curve } = suggestion;
  return {
    k: best,
    range,
    found,
    curve: curve.map(({ k, score, ...parts }) => ({ k, value: score, ...parts })),
  };
}
