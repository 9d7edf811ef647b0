import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { scalar } from '../tensor/index.ts';
import { chosenRelations, dac } from './dac.ts';
import { matrixOf, P, valuesOf } from './goldenPairs.cases.ts';
import { relationLoss, similarities } from './pairRelations.ts';
import { presetNamed } from './presets.ts';
import { resolveSettings } from './resolve.ts';
import { checkProgram } from './runProgram.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';
import { viewsOf } from './views.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const encoder = { architecture: 'dac', width: 4 } as const;
const crops = [
  { count: 1, size: 26 },
  { count: 1, size: 26 },
];

describe('DAC', () => {
  it('agrees with a whole step in PyTorch: clean targets without gradient, chosen pairs, head', async () => {
    const own = {
      clusters: 4,
      upperThreshold: [0.9, 0.5] as [number, number],
      lowerThreshold: [0.6, 0.5] as [number, number],
      ownWeight: 0.7,
    };
    await expectStoredStep(engine, 'dac_step', (...views) =>
      dac.build(own, context({ encoder, crops, imageSize: 26 }), views),
    );
  });

  it('has the known loss of known outputs: 6 pairs belong together, 10 apart', async () => {
    const y = matrixOf(P);
    const relations = chosenRelations(y, { upper: scalar(0.95), lower: scalar(0.455) });
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(await valuesOf(engine, relations.positive))).toBe(6);
    expect(sum(await valuesOf(engine, relations.negative))).toBe(10);
    const loss = await valuesOf(engine, relationLoss(similarities(y), relations));
    expect(loss[0]).toBeCloseTo(0.11180534, 6);
  });

  it('leaves pairs between the thresholds for later', async () => {
    const relations = chosenRelations(matrixOf(P), { upper: scalar(0.9995), lower: scalar(0.1) });
    const [positive, negative] = [
      await valuesOf(engine, relations.positive),
      await valuesOf(engine, relations.negative),
    ];
    expect(positive).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    expect(negative).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]);
  });

  it('takes the image itself and a view that is turned, moved and scaled', () => {
    const { crops: groups } = viewsOf(
      resolveSettings({
        ...presetNamed('dac-cifar').settings,
      }),
    );
    expect(groups.map(({ count }) => count)).toEqual([1, 1]);
    expect(groups[0]!.steps).toEqual([]);
    expect(groups[1]!.steps.map(({ kind }) => kind)).toEqual(['flip', 'affine', 'channelShift']);
  });

  it('refuses images that its network does not take, and more clusters than images per step', () => {
    const check = (settings: object) => () =>
      checkProgram(resolveSettings({ method: { name: 'dac' }, ...settings }), { images: 100 });
    const views = { crops: [{ count: 2, size: 16 }] };
    expect(check({ views, data: { imageSize: 16 }, encoder: { architecture: 'dac' } })).toThrow(
      'architecture dac: received images of 16 px; expected 22 px or more',
    );
    expect(check({ data: { batchSize: 6 } })).toThrow('clusters: received 10; expected');
  });
});
