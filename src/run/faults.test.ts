/** Wrong content of every stored file: refused in one line with the file. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LikenessError } from '../core/errors.ts';
import { defaultEncoder, headShapes, networkShapes } from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { resolveSettings } from '../methods/index.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { readClustering, writeClustering } from './clustering.ts';
import { readClusters, writeClusters } from './clusters.ts';
import { openEmbeddings, writeEmbeddings } from './embeddings.ts';
import { writeEncoder } from './encoderFile.ts';
import { readEvaluation, writeEvaluation } from './evaluation.ts';
import { readEvents } from './events.ts';
import {
  brokenBytes,
  type Fault,
  jsonFaults,
  sealedCheckpoint,
  tensorFaults,
} from './faults.cases.ts';
import { runFolderAt } from './files.ts';
import { readHierarchy, writeHierarchy } from './hierarchy.ts';
import { readMaps, writeMaps } from './maps.ts';
import { readMoment, writeMoment } from './moments.ts';
import { openRun } from './openRun.ts';
import { readPlan, writePlan } from './plan.ts';
import { type FeaturesConfig, type TrainedConfig, writeRunConfig } from './runConfig.ts';
import { settingsHash } from './settingsHash.ts';
import { readSkipped, writeSkipped } from './skipped.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';
import { readThumbnails, writeThumbnails } from './thumbnails.ts';

const folder = useTemporaryFolder();
const settings = resolveSettings({
  encoder: { architecture: 'resnet10', width: 4 },
  method: { name: 'swav', prototypes: 3, hiddenDim: 4, embeddingDim: 2 },
});
const shared = {
  source: { path: '/photos', name: 'photos', kind: 'folder' },
  split: 'train' as const,
  ...{ images: 3, notes: ['as given'], threads: 1 },
} satisfies Partial<TrainedConfig>;
const features: FeaturesConfig = {
  ...shared,
  kind: 'features',
  ...{ encoder: defaultEncoder('patches'), imageSize: 16, seed: 0, workers: 1 },
};
const ids = ['a.jpg', 'b.jpg', 'c.jpg'];
const clusters = Int32Array.of(0, 1, 0);

function statesOf(): Tensors {
  const shapes = new Map([...networkShapes(settings), ...headShapes(settings)]);
  return Object.fromEntries(
    [...shapes].map(([name, shape]) => {
      const size = shape.reduce((product, n) => product * n, 1);
      return [
        name,
        { dtype: 'float32', shape: [...shape], data: new Float32Array(size).fill(0.5) },
      ];
    }),
  );
}

interface StoredFile {
  write(path: string): Promise<unknown>;
  /** File in the folder, as `write` names it. */
  file(path: string): string;
  read(path: string): Promise<unknown>;
  /** Other changes than those of the bytes. */
  faults(bytes: Uint8Array): Fault[];
  /** Faults that leave a valid file. */
  harmless: RegExp;
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const at = (name: string) => (path: string) => join(path, name);
const hugeOrWrong = /= (-1|1000000000000000|1e\+300|null|\{\}|\[\])$/;
const trained: TrainedConfig = {
  ...shared,
  kind: 'trained',
  ...{ settings, preset: 'tiny-28', budget: { epochs: 1 } },
};

const files: Readonly<Record<string, StoredFile>> = {
  'config.json of a trained run': {
    async write(path) {
      await writeRunConfig(runFolderAt(path), trained);
      const info = { step: 7, epoch: 0, seed: 0, configHash: settingsHash(settings) };
      await saveCheckpoint(runFolderAt(path).files.checkpoints, info, statesOf());
    },
    file: at('config.json'),
    read: openRun,
    faults: (bytes) => jsonFaults(textOf(bytes)),
    // Settings that do not change results, and those that have their defaults here.
    harmless: new RegExp(
      'without|settings\\.(run|\\w+ = \\{\\})|settings\\.run\\.(keep|checkpoint)|' +
        'settings.method.name = null|notes = \\[\\]',
    ),
  },
  'config.json of a run of features': {
    async write(path) {
      await writeRunConfig(runFolderAt(path), features);
      const data = Float32Array.of(1, 2);
      await writeEncoder(join(path, 'encoder.safetensors'), features, {
        filters: { dtype: 'float32', shape: [2], data },
      });
    },
    file: at('config.json'),
    read: openRun,
    faults: (bytes) => jsonFaults(textOf(bytes)),
    harmless: /without encoder\.|encoder.settings = \{\}|without notes|notes = \[\]/,
  },
  'encoder.safetensors': {
    async write(path) {
      await writeRunConfig(runFolderAt(path), features);
      await writeEncoder(join(path, 'encoder.safetensors'), features, {
        filters: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
      });
    },
    file: at('encoder.safetensors'),
    read: openRun,
    faults: (bytes) => tensorFaults(bytes),
    harmless: /^$/,
  },
  'a checkpoint': {
    async write(path) {
      await writeRunConfig(runFolderAt(path), trained);
      const info = { step: 7, epoch: 0, seed: 0, configHash: settingsHash(settings) };
      await saveCheckpoint(runFolderAt(path).files.checkpoints, info, statesOf());
    },
    file: at('checkpoints/step-0000000007.safetensors'),
    read: openRun,
    // Every tensor is checked alike.
    faults: (bytes) =>
      tensorFaults(bytes, sealedCheckpoint).filter(
        ({ name }) => !/tensor (?!conv1|prototypes)/.test(name),
      ),
    harmless: /seed = 1000000000000000/,
  },
  'plan.json': {
    write: (path) => writePlan(join(path, 'plan.json'), { conv: 'taps' }),
    file: at('plan.json'),
    read: (path) => readPlan(join(path, 'plan.json')),
    faults: (bytes) => jsonFaults(textOf(bytes)),
    harmless: /without/,
  },
  'clusters.safetensors': {
    write: (path) =>
      writeClustering(join(path, 'clusters.safetensors'), {
        centroids: Float32Array.of(1, 0, 0, 1),
        ...{ k: 2, dimension: 2, temperature: 0.1, kReason: 'as given', kRange: [2, 3] },
        ...{ seed: 0, images: 3, step: 7 },
      }),
    file: at('clusters.safetensors'),
    read: (path) => readClustering(join(path, 'clusters.safetensors')),
    faults: (bytes) => tensorFaults(bytes),
    harmless: /shorter|without kRange$|temperature = 1|seed = 1000000000000000/,
  },
  'clusters.csv': {
    write: (path) =>
      writeClusters(
        join(path, 'clusters.csv'),
        ids.map((id, i) => ({
          path: id,
          cluster: clusters[i]!,
          confidence: 0.5,
          margin: 0.1,
          prototype: 1,
        })),
      ),
    file: at('clusters.csv'),
    read: (path) => readClusters(join(path, 'clusters.csv')),
    faults: (bytes) => [
      { name: 'cluster = -1', bytes: Buffer.from(textOf(bytes).replace('jpg,0', 'jpg,-1')) },
      {
        name: 'cluster = 1000000000000000',
        bytes: Buffer.from(textOf(bytes).replace('jpg,0', 'jpg,1e15')),
      },
      { name: 'cluster = 1e+300', bytes: Buffer.from(textOf(bytes).replace('jpg,0', 'jpg,1e300')) },
      { name: 'cluster with NaN', bytes: Buffer.from(textOf(bytes).replace('jpg,0', 'jpg,NaN')) },
      { name: 'confidence = -1', bytes: Buffer.from(textOf(bytes).replace('0.500000', '-1')) },
    ],
    harmless: /cut off/,
  },
  'skipped.csv': {
    write: (path) => writeSkipped(join(path, 'skipped.csv'), [{ id: 'a.jpg', reason: 'empty' }]),
    file: at('skipped.csv'),
    read: (path) => readSkipped(join(path, 'skipped.csv')),
    faults: () => [],
    harmless: /cut off/,
  },
  'embeddings.safetensors': {
    write: (path) =>
      writeEmbeddings(join(path, 'embeddings.safetensors'), {
        features: { count: 3, dimension: 2, read: async (_, n) => new Float32Array(2 * n).fill(1) },
        ...{
          ids,
          clusters,
          labels: Int32Array.of(-1, 0, 1),
          labelNames: ['cat', 'dog'],
          about: {},
        },
      }),
    file: at('embeddings.safetensors'),
    async read(path) {
      const stored = await openEmbeddings(join(path, 'embeddings.safetensors'));
      try {
        await stored.features.read(0, stored.features.count);
      } finally {
        await stored.close();
      }
    },
    faults: (bytes) => tensorFaults(bytes),
    harmless: /without tensor labels|without metadata/,
  },
  'evaluation.json': {
    write: (path) =>
      writeEvaluation(join(path, 'evaluation.json'), {
        ...{ source: '/photos', step: 7, labelled: true, nmi: 0.5, acc: 0.25, k: 3, classes: 3 },
        ...{ knn: { accuracy: 0.5 }, baselines: { 'raw pixels': { nmi: 0.25 } } },
      }),
    file: at('evaluation.json'),
    read: (path) => readEvaluation(join(path, 'evaluation.json')),
    faults: (bytes) => jsonFaults(textOf(bytes)),
    harmless: /without|= (null|-1)$|(knn|baselines|raw pixels) = \{\}/,
  },
  'maps.safetensors': {
    write: (path) =>
      writeMaps(join(path, 'maps.safetensors'), {
        ids,
        maps: [{ title: 'after step 7', step: 7, places: new Float32Array(6), clusters, nmi: 0.5 }],
      }),
    file: at('maps.safetensors'),
    read: (path) => readMaps(join(path, 'maps.safetensors')),
    faults: (bytes) => tensorFaults(bytes),
    harmless: /without maps\.0$|maps = \[\]|without maps.0.nmi|nmi = -1/,
  },
  'a moment': {
    write: (path) =>
      writeMoment(runFolderAt(path), {
        ...{ step: 7, epoch: 1, kind: 'prototypes', groups: 9, used: 2, sample: 3, ids },
        ...{ places: new Float32Array(6), assigned: clusters },
        strips: [{ group: 4, size: 1, images: ids.slice(0, 1) }],
      }),
    file: at('moments/step-0000000007.safetensors'),
    read: (path) => readMoment(runFolderAt(path), 7),
    faults: (bytes) => tensorFaults(bytes),
    harmless: /without strips\.0(\.images\.0)?$|(images|strips) = \[\]$/,
  },
  'hierarchy.safetensors': {
    write: (path) =>
      writeHierarchy(join(path, 'hierarchy.safetensors'), {
        ...{ step: 7, counts: [3, 2] },
        ...{ leaves: Int32Array.of(0, 2, 1), parents: [Int32Array.of(0, 1, 1)] },
      }),
    file: at('hierarchy.safetensors'),
    read: (path) => readHierarchy(join(path, 'hierarchy.safetensors')),
    faults: (bytes) => tensorFaults(bytes),
    harmless: /^$/,
  },
  'thumbnails.safetensors': {
    write: (path) =>
      writeThumbnails(join(path, 'thumbnails.safetensors'), {
        pictures: new Map(ids.map((id) => [id, Uint8Array.of(1, 2)])),
        shortSide: 28,
      }),
    file: at('thumbnails.safetensors'),
    read: (path) => readThumbnails(join(path, 'thumbnails.safetensors')),
    faults: (bytes) => tensorFaults(bytes),
    harmless: /without shortSide|tensor (bytes|ends) reshaped|tensor ends with 2147483647/,
  },
  'events.jsonl': {
    async write(path) {
      const event = { kind: 'schedule', step: 3, epoch: 0, totalSteps: 9, seconds: 2 };
      writeFileSync(join(path, 'events.jsonl'), `${JSON.stringify(event)}\n`);
    },
    file: at('events.jsonl'),
    async read(path) {
      for await (const event of readEvents(join(path, 'events.jsonl'))) void event;
    },
    faults: (bytes) =>
      jsonFaults(textOf(bytes)).map(({ name, bytes }) => ({
        name,
        bytes: Buffer.concat([bytes, Buffer.from('\n')]),
      })),
    harmless:
      /empty|cut off|binary|^(null|\[\]|7|"text"|\{"__proto__.*)$|without seconds|seconds = 1/,
  },
};

describe.each(Object.entries(files))('%s', (_, { write, file, read, faults, harmless }) => {
  beforeEach(() => write(folder.path));

  it('is read as it was written', async () => {
    await read(folder.path);
  });

  it('is refused with wrong content, in one line that names the file', async () => {
    const name = file(folder.path);
    const bytes = readFileSync(name);
    let refused = 0;
    for (const fault of [...brokenBytes(bytes), ...faults(bytes)]) {
      writeFileSync(name, fault.bytes);
      const error = await read(folder.path).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) {
        const mustFail =
          /^without|reshaped|float64|NaN|Infinity/.test(fault.name) || hugeOrWrong.test(fault.name);
        if (mustFail || !fault.name.includes('=')) expect(fault.name).toMatch(harmless);
        continue;
      }
      refused++;
      expect(error, `${fault.name}: ${(error as Error).stack}`).toBeInstanceOf(LikenessError);
      const { message } = error as LikenessError;
      expect(message, fault.name).toContain(basename(name));
      expect(message, fault.name).not.toContain('\n');
      expect(message, fault.name).toMatch(/[.?]$/);
    }
    expect(refused).toBeGreaterThan(0);
  });
});

/** The head of a safetensors file with its metadata and one tensor of 512 GiB in place of all. */
function withHugeTensor(bytes: Uint8Array): { head: Uint8Array; size: number } {
  const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
  const { __metadata__ } = JSON.parse(textOf(bytes.subarray(8, 8 + length)));
  const size = 2 ** 39;
  const tensor = { dtype: 'U8', shape: [size], data_offsets: [0, size] };
  const header = Buffer.from(JSON.stringify({ __metadata__, tensor }));
  const head = Buffer.alloc(8 + header.length);
  head.writeBigUInt64LE(BigInt(header.length));
  head.set(header, 8);
  return { head, size: head.length + size };
}

describe('a file of tensors that is too large', () => {
  const named = Object.entries(files).filter(([, { file }]) => file('').endsWith('.safetensors'));

  it.each(named)('is refused before it is read: %s', async (_, { write, file, read }) => {
    await write(folder.path);
    const name = file(folder.path);
    const bytes = readFileSync(name);
    // Sparse files take no room on the disk. Reading them would take more memory than there is.
    truncateSync(name, 2 ** 39);
    await expect(read(folder.path)).rejects.toThrow(basename(name));
    const { head, size } = withHugeTensor(bytes);
    writeFileSync(name, head);
    truncateSync(name, size);
    await expect(read(folder.path)).rejects.toThrow(basename(name));
  });
});
