import type {
  ClusterAnswer,
  ColumnAnswer,
  ColumnName,
  JobAnswer,
  RunAnswer,
} from '../../../src/server/protocol.ts';
import { type ColumnValues, type EventListeners, type RunSource, SourceError } from './source.ts';
import { compareSynthetic } from './syntheticCompare.ts';
import { applyOperations, clusterAnswers, type Edited, SyntheticEdits } from './syntheticEdits.ts';
import { syntheticCopies, syntheticFind } from './syntheticFind.ts';
import { syntheticHierarchy } from './syntheticHierarchy.ts';
import { syntheticMoment, syntheticSteps, syntheticViews } from './syntheticMoments.ts';
import { pictureOf } from './syntheticPictures.ts';
import { places, syntheticRun } from './syntheticRun.ts';
import { searchSynthetic } from './syntheticSearch.ts';
import { syntheticOffer, syntheticTraining } from './syntheticTraining.ts';

export interface SyntheticOptions {
  /** Number of images, default 3000; 0 is a working folder without runs. */
  readonly images?: number;
  /** Number of clusters, default 12. */
  readonly clusters?: number;
  readonly seed?: number;
  /** State of the training: default finished. */
  readonly training?: 'running' | 'finished' | 'none' | 'preparing';
  /** False for images that are still being grouped. */
  readonly grouped?: boolean;
  /** True for a method that learns a hierarchy. */
  readonly hierarchy?: boolean;
  /** False for images that have moved. */
  readonly found?: boolean;
  /** True where the images were compared for duplicates, and outliers were found. */
  readonly compared?: boolean;
}

const KEY = 'synthetic';
const MOMENTS = [0, 120, 300, 600, 900, 1200];
const kindNames = [
  ...['hills', 'flowers', 'fish', 'houses', 'cups', 'nights', 'leaves', 'balloons'],
  ...['boats', 'birds', 'bicycles', 'fruit'],
];

const clusterColumns: readonly ColumnAnswer[] = [
  { name: 'cluster', title: 'cluster', kind: 'category' },
  { name: 'confidence', title: 'confidence', kind: 'number' },
  { name: 'margin', title: 'margin', kind: 'number' },
  { name: 'second', title: 'second choice', kind: 'category' },
];

/** Job of images that are still being grouped. */
const grouping: JobAnswer = {
  ...{ id: 1, kind: 'features', state: 'running', done: 45, total: 130 },
  text: 'learning the dictionary of color patches: 45 of 130 blocks',
};

const isCsvColumn = (name: ColumnName): name is `csv-${number}` => name.startsWith('csv-');

/** Implements the source on generated data in memory: no server, equal seeds give equal pages. */
export function createSynthetic(options: SyntheticOptions = {}): RunSource {
  const { images = 3000, clusters: k = 12, seed = 7, training = 'finished' } = options;
  const { found = true, grouped = true, hierarchy = false } = options;
  const run = syntheticRun(images, k, seed);
  const copies = syntheticCopies(run, seed);
  const finding = syntheticFind(run, copies, { key: KEY, seed });
  let { compared = false } = options;
  let trash: readonly number[] = [];
  const edits = new SyntheticEdits();
  const listeners = new Set<EventListeners>();
  const jobs: JobAnswer[] = [];
  let mode: typeof training | 'stopped' = training;
  let step = training === 'running' ? 420 : training === 'preparing' ? 0 : 1200;
  let trainJob: number | undefined;
  if (training === 'preparing') {
    trainJob = 1;
    jobs.push({
      ...{ id: 1, kind: 'train', state: 'running', stage: 'decode', done: 1260, total: images },
      text: `decoding: 1,260 of ${images.toLocaleString('en-US')} images`,
    });
  }
  let cached: { version: number; edited: Edited; answers: ClusterAnswer[] } | undefined;

  const tell = <K extends keyof EventListeners>(
    name: K,
    data: Parameters<NonNullable<EventListeners[K]>>[0],
  ) => {
    for (const all of listeners) (all[name] as ((value: typeof data) => void) | undefined)?.(data);
  };
  function current() {
    const { version } = edits.answer();
    if (cached?.version !== version) {
      const edited = applyOperations(run.clusters, k, edits.operations);
      const answers = clusterAnswers(edited, run.confidence, run.margin);
      cached = { version, edited, answers };
    }
    return cached;
  }
  function changed(answer: ReturnType<SyntheticEdits['answer']>) {
    tell('edits', { ...answer, key: KEY });
    return answer;
  }
  const squared = (a: number, b: number) =>
    (run.layout[2 * a]! - run.layout[2 * b]!) ** 2 +
    (run.layout[2 * a + 1]! - run.layout[2 * b + 1]!) ** 2;
  const similarTo = (row: number, count: number, among?: (other: number) => boolean) =>
    Array.from({ length: images }, (_, other) => other)
      .filter((other) => other !== row && (!among || among(other)))
      .map((other) => ({ row: other, similarity: 1 - Math.sqrt(squared(row, other)) / 2 }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, count);

  function columnValues(name: ColumnName): ColumnValues {
    if (!grouped && (name === 'order' || clusterColumns.some((one) => one.name === name))) {
      throw new SourceError(404, 'explore.noColumn', `column: the run has no column "${name}"`);
    }
    const { edited } = current();
    if (name === 'cluster') return edited.clusters;
    if (name === 'label') return run.kinds;
    if (isCsvColumn(name)) return run.place;
    if (name === 'order') {
      const ranks = new Float32Array(images);
      const seen = new Map<number, number>();
      const sorted = Array.from({ length: images }, (_, row) => row);
      sorted.sort((a, b) => run.confidence[b]! - run.confidence[a]!);
      for (const row of sorted) {
        const cluster = edited.clusters[row]!;
        const rank = seen.get(cluster) ?? 0;
        ranks[row] = rank;
        seen.set(cluster, rank + 1);
      }
      return ranks;
    }
    return run[name];
  }

  function startJob(
    kind: JobAnswer['kind'],
    text: string,
    total: number,
    end: Partial<JobAnswer>,
    atEnd = () => {},
  ) {
    const id = jobs.length + 1;
    let done = 0;
    const first: JobAnswer = { id, kind, state: 'running', text, done, total };
    jobs.push(first);
    const timer = setInterval(() => {
      const job = jobs[id - 1]!;
      if (job.state === 'cancelled') return clearInterval(timer);
      done = Math.min(total, done + Math.ceil(total / 4));
      const ended = done >= total;
      jobs[id - 1] = { ...job, done, ...(ended && { state: 'done', ...end }) };
      if (ended) {
        clearInterval(timer);
        atEnd();
      }
      tell('job', jobs[id - 1]!);
    }, 120);
    return first;
  }

  /** Starts a job that has an effect at its end. */
  function startFinding(kind: 'duplicates' | 'outliers', text: string) {
    const running = jobs.find((job) => job.kind === kind && job.state === 'running');
    if (running) return running;
    return startJob(kind, text, images, {}, () => {
      compared = true;
    });
  }

  const drawn = (row: number) => {
    const copy = copies.get(row);
    const from = copy?.of ?? row;
    return pictureOf(seed, from, run.kinds[from] ?? 0, copy?.variant);
  };

  return {
    async runs() {
      if (images === 0) return { runs: [] };
      const state = step < 1200 ? 'training' : 'finished';
      const changed = '2026-05-04T10:20:00Z';
      return {
        runs: [
          {
            name: 'photos',
            path: 'runs/photos',
            method: 'SwAV',
            images,
            clusters: k,
            state,
            changed,
          },
          {
            ...{ name: 'photos-patches', path: 'runs/photos-patches', method: 'patch features' },
            ...{ images, clusters: k, state: 'features', changed: '2026-05-03T18:02:00Z' },
          },
        ],
      };
    },
    async open() {
      if (trainJob !== undefined) [mode, step] = ['running', 130];
      tell('run', { key: KEY });
    },
    async run(): Promise<RunAnswer> {
      if (images === 0) throw new SourceError(404, 'explore.noRun', 'No run is open.');
      return {
        name: 'photos',
        method: hierarchy ? 'HCSC' : 'SwAV',
        ...(hierarchy && { levels: 3 }),
        state: mode === 'none' ? 'features' : step < 1200 ? 'training' : 'finished',
        settings: [
          { name: 'encoder', value: 'ResNet-18, 64 pixels' },
          { name: 'prototypes', value: '512' },
          { name: 'training', value: `${Math.floor(step / 60)} epochs` },
        ],
        source: { name: 'photos', path: 'photos', found, isFolder: true },
        images,
        skipped: 3,
        clusters: grouped ? current().answers : [],
        kReason: `${k} clusters separate the features best among 2 to 40.`,
        clusterings: [],
        columns: [
          ...(grouped ? clusterColumns : []),
          { name: 'label', title: 'label', kind: 'category', values: kindTitles(k) },
          { name: 'date', title: 'date', kind: 'date' },
          {
            ...{ name: 'dated', title: 'date source', kind: 'category' },
            values: ['camera', 'file'],
          },
          { name: 'csv-0', title: 'place', kind: 'category', values: places },
          { name: 'width', title: 'width', kind: 'number' },
          { name: 'height', title: 'height', kind: 'number' },
          { name: 'bytes', title: 'file size', kind: 'number' },
        ],
        layouts: MOMENTS.filter((moment) => moment <= step).map((moment) => ({
          step: moment,
          title: moment === 0 ? 'before training' : `after step ${moment}`,
          final: moment === 1200,
          images,
        })),
        edits: edits.answer(),
        jobs: grouped ? jobs.filter((job) => job.state === 'running') : [grouping],
        key: KEY,
        writable: true,
      };
    },
    column: async (name) => ({ key: KEY, values: columnValues(name).slice() }),
    layout: async (moment) => ({
      key: KEY,
      values: run.layoutAt(moment === 'final' ? 1 : moment / 1200),
    }),
    paths: async (rows) => rows.map((row) => ({ row, path: run.path(row) })),
    async why(row) {
      const { clusters } = current().edited;
      const cluster = clusters[row]!;
      return {
        row,
        path: run.path(row),
        cluster,
        confidence: run.confidence[row]!,
        margin: run.margin[row]!,
        second: { cluster: run.second[row]!, similarity: run.confidence[row]! - run.margin[row]! },
        nearest: similarTo(row, 8, (other) => clusters[other] === cluster),
        neighbors: similarTo(row, 8).map((near) => ({ ...near, cluster: clusters[near.row]! })),
        text: [
          run.margin[row]! < 0.1
            ? 'It lies almost as near to another cluster.'
            : 'It lies clearly nearer to this cluster than to others.',
        ],
      };
    },
    async similar(image, count) {
      return similarTo(typeof image === 'number' ? image : image.size % images, count);
    },
    async search(query, folder) {
      const { edited } = current();
      const nameOf = (row: number) => edited.names.get(edited.clusters[row]!) ?? '';
      return searchSynthetic(run, nameOf, query, folder);
    },
    async duplicates(question) {
      const running = jobs.find((job) => job.kind === 'duplicates' && job.state === 'running');
      if (running) return running;
      return compared ? finding.duplicates(question, current().edited.decided) : null;
    },
    duplicateImages: async () => finding.images(),
    findDuplicates: async () => startFinding('duplicates', `comparing ${images} images`),
    async outliers() {
      if (compared) return finding.outliers();
      return startFinding('outliers', `finding the neighbors of ${images} images`);
    },
    picture: drawn,
    original: drawn,
    edit: async ({ version, operations }) => changed(edits.add(version, operations)),
    undo: async ({ version }) => changed(edits.undo(version)),
    redo: async ({ version }) => changed(edits.redo(version)),
    async split({ cluster, parts }) {
      const rows = [...current().edited.clusters.keys()]
        .filter((row) => current().edited.clusters[row] === cluster)
        .sort((a, b) => run.layout[2 * a]! - run.layout[2 * b]!);
      const size = Math.ceil(rows.length / parts);
      const all = Array.from({ length: parts }, (_, i) => rows.slice(i * size, (i + 1) * size));
      return { parts: all.filter((part) => part.length > 0) };
    },
    async takeAway({ what, images: chosen, folder }) {
      const count = chosen === 'all' ? images : chosen.length;
      const file = what !== 'folders' && what !== 'trash';
      const end = file ? { download: `data:text/plain,${count}` } : { folder: folder ?? '' };
      if (what !== 'trash' || chosen === 'all') {
        return startJob('takeaway', `writing ${count} images`, count, end);
      }
      return startJob('trash', `moving ${count} images`, count, end, () => {
        trash = chosen;
        finding.move(chosen, true);
      });
    },
    restore: async () =>
      startJob('restore', 'moving files back', 4, {}, () => finding.move(trash, false)),
    async cancel(id) {
      const job = jobs[id - 1];
      if (id === trainJob) {
        trainJob = undefined;
        mode = 'stopped';
        jobs[id - 1] = { ...job!, state: 'done', text: 'photos-train was stopped and is saved.' };
        tell('run', { key: KEY });
      } else if (job) jobs[id - 1] = { ...job, state: 'cancelled' };
      if (job) tell('job', jobs[id - 1]!);
    },
    cluster: async () => startJob('cluster', 'clustering', 4, {}),
    async training() {
      if (mode === 'none' || images === 0) {
        throw new SourceError(404, 'explore.noTraining', 'The run has no training.');
      }
      const answer = syntheticTraining(step, seed);
      if (mode === 'preparing') return { ...answer, steps: [], loss: [], measures: [] };
      return mode === 'stopped' ? { ...answer, state: 'interrupted' } : answer;
    },
    async offer({ method, preset }) {
      const isOpen = mode === 'running' || mode === 'preparing';
      const running = { run: 'photos-train', hasBegun: true, isOpen };
      return {
        ...syntheticOffer(images),
        ...(method && { method, isEstimated: method === 'simclr' }),
        ...(preset && { preset }),
        ...(trainJob !== undefined && { running: { job: trainJob, ...running } }),
      };
    },
    async train() {
      if (trainJob !== undefined) {
        const text = 'photos-train is being trained, and there is one training at a time.';
        throw new SourceError(409, 'explore.training', text);
      }
      const id = jobs.length + 1;
      const job: JobAnswer = {
        ...{ id, kind: 'train', state: 'running', stage: 'train', text: 'training: step 130' },
      };
      jobs.push(job);
      trainJob = id;
      tell('job', job);
      return job;
    },
    async hierarchy() {
      if (!hierarchy) {
        throw new SourceError(404, 'explore.noHierarchy', 'The run has no learned hierarchy.');
      }
      return syntheticHierarchy(run, seed).answer;
    },
    leaves: async () => ({ key: KEY, values: syntheticHierarchy(run, seed).leaves }),
    moments: async () => ({ steps: step === 0 || mode === 'none' ? [] : syntheticSteps(step) }),
    moment: async (at) => syntheticMoment(run, at, seed),
    async views(epoch) {
      if (mode === 'none') {
        throw new SourceError(404, 'explore.noTraining', 'The run has no training.');
      }
      return syntheticViews(run, epoch, seed);
    },
    compare: async (name) => compareSynthetic(run, current(), { name, seed }),
    listen(all) {
      listeners.add(all);
      all.connected?.(true);
      const timer = setInterval(() => {
        if (mode !== 'running' || step >= 1200) return;
        step += 10;
        const kind = step % 60 === 0 ? 'measures' : 'step';
        all.log?.({ kind, step, epoch: Math.floor(step / 60) });
      }, 1000);
      return () => {
        listeners.delete(all);
        clearInterval(timer);
      };
    },
  };
}

/** Names classes by their motifs; a second round gets a number. */
function kindTitles(k: number): string[] {
  return Array.from({ length: k }, (_, i) => {
    const round = Math.floor(i / kindNames.length);
    return `${kindNames[i % kindNames.length]}${round > 0 ? ` ${round + 1}` : ''}`;
  });
}
