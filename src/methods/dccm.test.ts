import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { constant } from '../tensor/index.ts';
import { dccm, dccmLoss, graphOf } from './dccm.ts';
import { matrixOf, P, valuesOf } from './goldenPairs.cases.ts';
import { chosenPairs } from './localInformation.ts';
import { resolveSettings } from './resolve.ts';
import { checkProgram } from './runProgram.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const encoder = { architecture: 'dccm', width: 4 } as const;
const crops = [
  { count: 1, size: 24 },
  { count: 1, size: 24 },
];
const own = {
  clusters: 4,
  headWidth: 6,
  graphThreshold: 0.9,
  labelThreshold: 0.6,
  informationWeight: 0.3,
  hiddenChannels: 6,
};

describe('DCCM', () => {
  it('agrees with a whole step in PyTorch: graph, labels, information of drawn pairs', async () => {
    await expectStoredStep(engine, 'dccm_step', (...views) =>
      dccm.build(own, context({ encoder, crops, imageSize: 24 }), views),
    );
  });

  it('has the known losses of known outputs', async () => {
    const y = matrixOf(P);
    const graph = graphOf(y, { graphThreshold: 0.95 });
    const { graphLoss, labelLoss, labeled } = dccmLoss(y, y, graph, { labelThreshold: 0.9 });
    const [ofGraph] = await valuesOf(engine, graphLoss);
    const [ofLabels] = await valuesOf(engine, labelLoss);
    expect(ofGraph).toBeCloseTo(0.11180534, 6);
    expect(ofLabels).toBeCloseTo(0.03260338, 6);
    expect(ofGraph! + 5 * ofLabels!).toBeCloseTo(0.27482223, 5);
    expect((await valuesOf(engine, labeled))[0]).toBeCloseTo(0.75, 6);
  });

  it('trains without the information loss where the network has no map, and says so', () => {
    const given = context({ encoder: { architecture: 'pretrained', dimension: 12 }, crops });
    const features = [0, 1].map(() => constant(new Float32Array(8 * 12), [8, 12]));
    expect(dccm.build(own, given, features).notes).toEqual([
      'the network has no map near its pixels, so the information loss is left out',
    ]);
    expect(dccm.build({ ...own, informationWeight: 0 }, given, features).notes).toEqual([]);
  });

  it('refuses images that its network does not take, and more clusters than images per step', () => {
    const check = (settings: object) => () =>
      checkProgram(resolveSettings({ method: { name: 'dccm' }, ...settings }), { images: 100 });
    const views = { crops: [{ count: 2, size: 16 }] };
    expect(check({ views, data: { imageSize: 16 }, encoder: { architecture: 'dccm' } })).toThrow(
      'architecture dccm: received images of 16 px; expected 20 px or more',
    );
    expect(check({ data: { batchSize: 6 } })).toThrow('clusters: received 10; expected');
  });
});

describe('the pairs of the information loss', () => {
  const graph = constant(
    Float32Array.from([
      ...[1, 0, 1, 1, 0],
      ...[0, 1, 0, 0, 0],
      ...[1, 0, 1, 1, 0],
      ...[1, 0, 1, 1, 0],
      ...[0, 0, 0, 0, 1],
    ]),
    [5, 5],
  );
  /** Noise that rises with the image's number, so that the last candidate is drawn. */
  const rising = constant(
    Float32Array.from({ length: 75 }, (_, i) => (i % 5) / 10),
    [3, 5, 5],
  );

  it('are a drawn image of the same graph and two others, each with the largest noise', async () => {
    const { positive, negatives, hasNegative } = chosenPairs(graph, rising, 'corrected');
    expect(await valuesOf(engine, positive)).toEqual([3, 1, 3, 2, 4]); // alone: the image itself
    expect(await valuesOf(engine, negatives[0]!)).toEqual([4, 4, 4, 4, 3]);
    expect(await valuesOf(engine, negatives[1]!)).toEqual([1, 3, 1, 1, 2]);
    expect(await valuesOf(engine, hasNegative)).toEqual([1, 1, 1, 1, 1]);
  });

  it("are the first images of the batch with the authors' slips", async () => {
    const { positive, negatives } = chosenPairs(graph, rising, 'reference');
    expect(await valuesOf(engine, positive)).toEqual([1, 1, 0, 0, 4]); // 2 - 1 for the first image
    expect(await valuesOf(engine, negatives[0]!)).toEqual([1, 0, 1, 1, 0]);
    expect(await valuesOf(engine, negatives[1]!)).toEqual([4, 2, 4, 4, 1]);
  });

  it('take the only negative twice, and none where all are of one graph', async () => {
    const one = constant(Float32Array.of(1, 1, 0, 1, 1, 0, 0, 0, 1), [3, 3]);
    const noise = constant(new Float32Array(27).fill(0.5), [3, 3, 3]);
    const { negatives } = chosenPairs(one, noise, 'corrected');
    expect(await valuesOf(engine, negatives[0]!)).toEqual([2, 2, 0]);
    expect(await valuesOf(engine, negatives[1]!)).toEqual([2, 2, 1]);
    const all = constant(new Float32Array(9).fill(1), [3, 3]);
    const { hasNegative } = chosenPairs(all, noise, 'corrected');
    expect(await valuesOf(engine, hasNegative)).toEqual([0, 0, 0]);
  });
});
