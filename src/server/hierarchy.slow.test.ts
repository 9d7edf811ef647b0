/** The learned hierarchy of an HCSC run, from training to the routes, without a socket. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { type Clustering, openModel, train } from '../likeness.ts';
import { readClusters, readHierarchy } from '../run/index.ts';
import { createApp } from './app.ts';
import { type HierarchyAnswer, headers, type RunAnswer } from './protocol.ts';
import { port, requestsTo, token } from './requests.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
let explorer: Explorer;
let app: ReturnType<typeof createApp>;
let groups: Clustering;

beforeAll(async () => {
  vi.stubEnv('LIKENESS_CACHE', at('cache'));
  await writeTextures(at('photos'), 48);
  const settings = {
    data: { batchSize: 16, imageSize: 16 },
    views: { crops: [{ count: 2, size: 16 }], scales: [[0.3, 1]] as [number, number][] },
    encoder: { architecture: 'resnet10', width: 4 } as const,
    method: {
      ...{ name: 'hcsc', hiddenDim: 16, embeddingDim: 8, queueLength: 32 },
      ...{ clusters: [12, 6, 3], clusterWarmupEpochs: 1 },
    } as const,
  };
  const model = await train(at('photos'), { epochs: 3, settings, out: at('runs', 'hcsc') });
  groups = await model.cluster(at('photos'), { k: 4 });
  explorer = openExplorer({ cwd: workplace.path });
  await explorer.show(await openForPage(at('runs', 'hcsc')));
  app = createApp({
    ...{ explorer, token, closing: new AbortController().signal },
    ...{ port, page: new Map() },
    report: (error) => expect.unreachable(String(error)),
  });
}, 120_000);
afterAll(async () => {
  await explorer?.close();
  vi.unstubAllEnvs();
});

const { get: request } = requestsTo(() => app);

it('is stored with the clusters, and is that of the prototypes of clusters.csv', async () => {
  const stored = await readHierarchy(at('runs', 'hcsc', 'hierarchy.safetensors'));
  expect(stored.counts).toEqual([12, 6, 3]);
  expect(groups.hierarchy).toEqual(stored);
  const rows = await readClusters(at('runs', 'hcsc', 'clusters.csv'));
  expect([...stored.leaves]).toEqual(rows.map(({ prototype }) => prototype));
  expect(new Set(stored.parents[1]).size).toBe(3);
});

it('is sent as a tree whose nodes have all images of their children', async () => {
  const run = (await (await request('/api/run')).json()) as RunAnswer;
  expect(run.levels).toBe(3);
  const tree = (await (await request('/api/hierarchy')).json()) as HierarchyAnswer;
  expect(tree.levels).toBe(3);
  const answer = await request('/api/hierarchy/leaves');
  expect(answer.headers.get(headers.dtype)).toBe('int32');
  expect(answer.headers.get(headers.key)).toBe(run.key);
  const leaves = new Int32Array(await answer.arrayBuffer());
  expect(leaves).toHaveLength(48);
  const { hierarchy } = groups;
  for (const [i, node] of tree.nodes.entries()) {
    const children = tree.nodes.filter(({ parent }) => parent === i);
    const below = children.reduce((sum, { size }) => sum + size, 0);
    expect(node.level === 2 ? leaves.filter((leaf) => leaf === i).length : below).toBe(node.size);
    if (node.parent < 0) expect(node.level).toBe(0);
    else {
      const above = tree.nodes[node.parent]!;
      expect(above.level).toBe(node.level - 1);
      expect(hierarchy!.parents[2 - node.level]![node.prototype]).toBe(above.prototype);
    }
    expect(node.typical).toHaveLength(Math.min(12, node.size));
    for (const row of node.typical) {
      let of = leaves[row]!;
      while (tree.nodes[of]!.level > node.level) of = tree.nodes[of]!.parent;
      expect(of).toBe(i);
    }
  }
});

it.each<[string, number, string, Record<string, string>?]>([
  ['/api/hierarchy', 403, 'server.host', { host: 'evil.example:4807' }],
  ['/api/hierarchy/leaves', 403, 'server.origin', { origin: 'http://evil.example' }],
  ['/api/hierarchy?level=1', 400, 'server.request'],
  ['/api/hierarchy/0', 404, 'server.missing'],
])('%s is refused: %d %s', async (path, status, code, given) => {
  const answer = await request(path, given);
  const { error } = (await answer.json()) as { error: { code: string } };
  expect([answer.status, error.code]).toEqual([status, code]);
});

it('is gone with a clustering by a method that has none', async () => {
  const settings = {
    data: { batchSize: 16, imageSize: 16 },
    encoder: { architecture: 'resnet10', width: 4 } as const,
    method: { name: 'simclr', hiddenDim: 16, embeddingDim: 8 } as const,
  };
  await train(at('photos'), { epochs: 1, settings, out: at('runs', 'plain') });
  const other = await (await openModel(at('runs', 'plain'))).cluster(at('photos'), { k: 3 });
  expect(other.hierarchy).toBeUndefined();
  expect(existsSync(at('runs', 'plain', 'hierarchy.safetensors'))).toBe(false);
  await explorer.open('plain');
  const answer = await request('/api/hierarchy');
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('explore.noHierarchy');
});
