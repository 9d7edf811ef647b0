/**
 * A run whose method learns its clusters itself, through every command: its assignment is what
 * `cluster` writes, what `assign` gives, and what `evaluate` measures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClusters } from '../src/run/index.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());
const at = (...path: string[]) => join(workplace.path, ...path);

const settings = {
  architecture: 'resnet10',
  width: 4,
  crops: '2x16',
  scales: '0.3-1',
  imageSize: 16,
  batchSize: 16,
  hiddenLength: 16,
  embeddingLength: 8,
  clusters: '3',
  epochs: 4,
  threads: 1,
};
const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);

async function likeness(...args: string[]) {
  const ended = await runHere(workplace, ...args, '--json');
  expect(ended.code, ended.stderr).toBe(0);
  return { ...ended, json: JSON.parse(ended.stdout) };
}

/** Loose images beside the folders would otherwise say that these are no classes. */
const labels = ['--labels', 'folders'];

/** Messages of the training. */
let said = '';

beforeAll(async () => {
  await writeTextures(at('pictures', 'one'), 40);
  await writeTextures(at('pictures', 'two'), 40);
  // Without a label among others that have one.
  await writeTextures(at('pictures'), 20);
  const method = ['--method', 'contrastive-clustering', '--out', 'run', '--snapshots', '0.5'];
  said = (await likeness('train', 'pictures', ...labels, ...method, ...set)).stderr;
}, 300_000);

describe('a method that learns its clusters', () => {
  it('learns from images without labels first', () => {
    expect(said).toContain('20 images without a label are learned from first in each epoch');
    const steps = readFileSync(at('run', 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === 'step');
    // 100 images in batches of 16: 6 steps, of which 80 labeled ones take 5.
    const total = steps.map(({ loss, instanceLoss }) => Math.abs(loss - instanceLoss) < 1e-6);
    expect(total.slice(0, 12)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('is clustered by its own head, and assigns images likewise', async () => {
    const { json } = await likeness('cluster', 'pictures', ...labels, '--run', 'run');
    expect(json.by).toBe('head');
    expect(json.k).toBeLessThanOrEqual(3);
    const rows = await readClusters(at('run', 'clusters.csv'));
    expect(rows).toHaveLength(100);
    expect(rows.every(({ prototype }) => prototype === undefined)).toBe(true);
    const assigned = await likeness('assign', 'pictures', '--run', 'run');
    const found = new Map(
      rows.map(({ path, cluster, confidence }) => [path, { cluster, confidence }]),
    );
    for (const { path, cluster, confidence } of assigned.json.images) {
      const expected = found.get(path.replace(/^pictures\//, ''))!;
      expect(cluster, path).toBe(expected.cluster);
      expect(confidence).toBeCloseTo(expected.confidence, 4);
    }
    expect(assigned.json.images).toHaveLength(100);
  });

  it('is drawn: similarities of pairs over training, and the features before, during and after it', async () => {
    const report = JSON.parse(readFileSync(at('run', 'report.json'), 'utf8'));
    expect(report.maps.map(({ title }: { title: string }) => title)).toEqual([
      'before training',
      'after step 12 of 24',
      'after step 24',
    ]);
    for (const { images, nmi } of report.maps) {
      expect(images).toBe(100);
      expect(nmi).toBeGreaterThanOrEqual(0);
    }
    const [instance, cluster] = report.training.similarities;
    expect([instance.level, cluster.level]).toEqual(['instance', 'cluster']);
    for (const { positive, negative } of [instance, cluster]) {
      expect(positive.mean).toBeGreaterThan(negative.mean);
      expect(positive.spread).toBeGreaterThan(0);
    }
    const html = readFileSync(at('run', 'report.html'), 'utf8');
    expect(html.match(/<svg class="map"/g)).toHaveLength(3);
    expect(html).toContain('Cosine of two clusters');
  });

  it('is measured by its own head, with k-means beside it', async () => {
    const { json, stderr } = await likeness('evaluate', 'pictures', ...labels, '--run', 'run');
    expect(json.clustering.by).toBe('head');
    expect(json.k).toBe(3);
    expect(json.kmeans.k).toBe(2);
    expect(json.protocol.clustering).toContain('3 clusters that the method has learned itself');
    expect(json.baselines.untrained.clustering.by).toBe('kmeans');
    expect(stderr).toContain('trained encoder, k-means');
    expect(json.labelFree.clusters.k).toBeLessThanOrEqual(3);
    expect(json.labelFree.prototypeUsage.of).toBe(3);
  });

  it('is clustered by k-means where another number is asked for', async () => {
    const { json } = await likeness('cluster', 'pictures', ...labels, '--run', 'run', '-k', '2');
    expect(json.by).toBe('kmeans');
    expect(json.k).toBe(2);
    const asked = await likeness('cluster', 'pictures', ...labels, '--run', 'run', '-k', '3');
    expect(asked.json.by).toBe('head');
  });
}, 300_000);
