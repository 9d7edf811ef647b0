/**
 * The whole road through the command line: a method trains on one source, or an encoder without
 * training learns from it, and everything that follows is done on another one, which has fewer
 * images than the method has clusters or prototypes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featureEncoderNames } from '../src/encoders/index.ts';
import { decodeCsv, decodeSafetensors } from '../src/formats/index.ts';
import { methodNamed } from '../src/methods/index.ts';
import { featureLength } from '../src/nn/index.ts';
import { openWorkplace, textureKinds, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const TRAINED_ON = 48;
const OTHER = 9;
/** K, above the images of the other source. */
const CLUSTERS = 12;
const WIDTH = 4;

/** Settings of a run of six steps, two epochs. */
const settings = [
  ...[`width=${WIDTH}`, 'scales=0.3-1', 'batchSize=16'],
  ...['hiddenLength=16', 'embeddingLength=8', `prototypes=${CLUSTERS}`, 'epochs=2', 'threads=1'],
].flatMap((text) => ['--set', text]);
const clustersOf = (method: string) => (method === 'hcsc' ? `${CLUSTERS},6` : String(CLUSTERS));
/** Network of a method that has one of its own. */
const architectureOf = (method: string) =>
  methodNamed(method).recipe.encoder?.architecture ?? 'resnet10';
/** Networks of some methods take images from 25 px on. */
const sideOf = (method: string) =>
  methodNamed(method).recipe.encoder?.architecture === undefined ? 16 : 25;
const cropsOf = (method: string) =>
  `${methodNamed(method).crops === 'single' ? 1 : 2}x${sideOf(method)}`;
const networkOf = (method: string) =>
  [
    `architecture=${architectureOf(method)}`,
    `imageSize=${sideOf(method)}`,
    `crops=${cropsOf(method)}`,
  ].flatMap((text) => ['--set', text]);
/** Methods with clusters between epochs find theirs from the first epoch on. */
const ofClusters: readonly string[] = ['pcl', 'hcsc'];

const isUntrained = (method: string) => (featureEncoderNames as readonly string[]).includes(method);

/**
 * Classifiers of several baselines take longer than all else together, and do not differ by method:
 * one method of each kind is measured with labels (clusters of k-means, learned ones, a network of
 * its own), and the others without.
 */
const isMeasuredWithLabels = (method: string) =>
  isUntrained(method) || ['swav', 'contrastive-clustering', 'decnn'].includes(method);

/** Tests the road of each method or encoder without training; call it at the top of a test file. */
export function testRoads(methods: readonly string[]): void {
  const workplace = openWorkplace();
  const at = (...path: string[]) => join(workplace.path, ...path);
  afterAll(() => workplace.remove());

  let lines = '';
  /** Lines for people of the last command. */
  const terminal = () => lines;
  async function json(...args: string[]) {
    const ended = await runHere(workplace, ...args, '--json');
    expect(ended.code, ended.stderr).toBe(0);
    lines = ended.stderr;
    return JSON.parse(ended.stdout);
  }
  const clusterRows = (run: string) =>
    decodeCsv(
      readFileSync(at(run, 'clusterings', 'other', 'clusters.csv'), 'utf8'),
      'clusters.csv',
    ).slice(1);

  beforeAll(async () => {
    await writeTextures(at('pictures'), TRAINED_ON);
    await writeTextures(at('other'), OTHER, textureKinds);
  });

  describe.each(methods)('a run of %s, on a source smaller than its clusters', (method) => {
    const run = ['--run', method];

    beforeAll(async () => {
      if (isUntrained(method)) {
        const { clustered } = await json('start', 'pictures', '--out', method, '--encoder', method);
        expect(clustered).toMatchObject({ images: TRAINED_ON });
        expect(clustered.colorAgreement).toMatchObject({ images: TRAINED_ON });
        return;
      }
      const own = ['--set', `clusters=${clustersOf(method)}`, ...networkOf(method)];
      if (ofClusters.includes(method)) own.push('--set', 'clusterWarmupEpochs=1');
      const trained = await json(
        'train',
        'pictures',
        '--method',
        method,
        '--out',
        method,
        ...settings,
        ...own,
      );
      expect(trained).toMatchObject({ outcome: 'finished', steps: 6, images: TRAINED_ON });
    });

    it('clusters it', async () => {
      const { k, clusters, colorAgreement } = await json('cluster', 'other', ...run, '-k', '3');
      expect(k).toBe(3);
      const { text, ...color } = colorAgreement;
      expect(color).toMatchObject({ images: OTHER, k: 3, verdict: 'unknown' });
      expect(text).toMatch(/to tell whether the groups follow color/);
      expect(terminal()).toContain(text);
      expect(readFileSync(at(method, 'clusterings', 'other', 'report.html'), 'utf8')).toContain(
        text,
      );
      expect(clusters).toHaveLength(3);
      const rows = clusterRows(method);
      expect(rows).toHaveLength(OTHER);
      for (const [, cluster] of rows) expect(['0', '1', '2']).toContain(cluster);
    });

    it('assigns its images to those clusters', async () => {
      const rows = clusterRows(method);
      const files = rows.map(([path]) => join('other', path!));
      const { images } = await json('assign', ...files, ...run, '--clustering', 'other');
      expect(images.map(({ cluster }: { cluster: number }) => String(cluster))).toEqual(
        rows.map(([, cluster]) => cluster),
      );
    });

    it('evaluates it, beside the untrained encoder', async () => {
      const labels = isMeasuredWithLabels(method) ? [] : ['--labels', 'none'];
      const result = await json('evaluate', 'other', ...run, ...labels);
      expect(result.colorAgreement).toMatchObject({ images: OTHER });
      expect(terminal()).toContain(result.colorAgreement.text);
      const { untrained } = result.baselines;
      if (labels.length > 0) {
        for (const { labelFree } of [result, untrained]) {
          expect(labelFree.featureDeviation).toBeGreaterThan(0);
          expect(labelFree.effectiveRank.rank).toBeGreaterThanOrEqual(1);
        }
        return;
      }
      // Clusters without an image do not count, and learned clusters may have none.
      const counts = result.clustering.by === 'head' ? [1, OTHER] : [2, 3];
      expect(result.colorAgreement.k).toBeGreaterThanOrEqual(counts[0]!);
      expect(result.colorAgreement.k).toBeLessThanOrEqual(counts[1]!);
      for (const figures of [result, untrained]) {
        for (const name of ['nmi', 'acc', 'ari']) expect(figures[name], name).toBeTypeOf('number');
      }
    });

    it('embeds it', async () => {
      const out = `${method}.safetensors`;
      expect(await json('embed', 'other', ...run, '--out', out)).toMatchObject({ images: OTHER });
      const { features } = decodeSafetensors(readFileSync(at(out)), out).tensors;
      const [images, dimension] = features!.shape;
      expect(images).toBe(OTHER);
      if (!isUntrained(method)) {
        const architecture = architectureOf(method);
        expect(dimension).toBe(featureLength({ architecture, width: WIDTH }));
      }
      expect((features!.data as Float32Array).every(Number.isFinite)).toBe(true);
    });

    it('exports its encoder, which agrees with the engine', async () => {
      const { check } = await json('export', ...run, '--to', `${method}.onnx`);
      expect(check.largestDifference).toBeLessThan(1e-5);
    });
  });
}
