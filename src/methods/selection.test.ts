/**
 * HCSC's selection against golden vectors (computed in numpy, checked against the authors'
 * functions) and by hand.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { constant, greater, scalar, type Tensor } from '../tensor/index.ts';
import { infoNce } from './contrastive.ts';
import {
  candidatesOf,
  instanceChance,
  keepProbability,
  prototypeChance,
  selected,
  selectedProtoNce,
} from './selection.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

async function evaluated(x: Tensor): Promise<number[]> {
  const executable = await engine.compile({ outputs: { x } });
  const { x: values } = await executable.run({});
  await executable.dispose();
  return [...values!];
}
const rows = (width: number, ...values: number[]) =>
  constant(Float32Array.from(values), [values.length / width, width]);
const vector = (...values: number[]) => constant(Float32Array.from(values), [values.length]);
const ids = (...values: number[]) => constant(Int32Array.from(values), [values.length]);
const mask = (width: number, ...values: number[]) => greater(rows(width, ...values), scalar(0.5));
const ce = (own: number, ...others: number[]) =>
  Math.log([own, ...others].reduce((sum, x) => sum + Math.exp(x), 0)) - own;

const C = rows(2, 1, 0, 0, 1, -1, 0);
const phi = vector(0.2, 0.25, 0.15);
const queue = rows(2, 0.8, 0.6, 0, 1, -0.6, 0.8);

describe('the probability of keeping a negative', () => {
  it('gives the golden values', async () => {
    const keep = await evaluated(keepProbability(queue, { prototypes: C, phi }, ids(0, 1)));
    const expected = [0.168043, 0.982332, 0.999371, 0.832031, 0.035337, 0.690169];
    expected.forEach((p, i) => {
      expect(keep[i], `element ${i}`).toBeCloseTo(p, 6);
    });
  });

  it('sums to the number of clusters less one over all clusters', async () => {
    const keep = await evaluated(keepProbability(queue, { prototypes: C, phi }, ids(0, 1, 2)));
    for (let j = 0; j < 3; j++) expect(keep[j]! + keep[3 + j]! + keep[6 + j]!).toBeCloseTo(2, 5);
  });

  it('survives a concentration of 0', async () => {
    const level = { prototypes: C, phi: vector(0, 0.2, 0.2) };
    for (const p of await evaluated(keepProbability(queue, level, ids(0, 1))))
      expect(p).not.toBeNaN();
  });

  it('is never a certainty, and never nothing for prototypes', async () => {
    const values = vector(0, 0.00001, 0.5, 1);
    const near = (received: number[], expected: number[]) =>
      expected.forEach((value, i) => {
        expect(received[i]).toBeCloseTo(value, 6);
      });
    near(await evaluated(instanceChance(values)), [0, 0.00001, 0.5, 0.999]);
    near(await evaluated(prototypeChance(values)), [0.0001, 0.0001, 0.5, 0.999]);
  });
});

describe('InfoNCE with selected negatives', () => {
  const [q, k] = [rows(2, 1, 0), rows(2, 0.6, 0.8)];
  /** The loss with the keys of the queue that were kept. */
  async function lossWith(kept: Tensor, variant: 'corrected' | 'reference') {
    const select = (cosines: Tensor) => selected(cosines, kept, variant);
    return (await evaluated(infoNce(q, k, queue, { temperature: 0.5, select })))[0];
  }

  it('does without what was not kept', async () => {
    expect(await lossWith(mask(3, 1, 0, 1), 'corrected')).toBeCloseTo(
      ce(0.6 / 0.5, 0.8 / 0.5, -0.6 / 0.5),
      6,
    );
  });

  it('as released leaves a cosine of 0 in its place', async () => {
    expect(await lossWith(mask(3, 0, 1, 1), 'reference')).toBeCloseTo(
      ce(0.6 / 0.5, 0, 0, -0.6 / 0.5),
      6,
    );
  });

  it('is 0 where nothing was kept', async () => {
    expect(await lossWith(mask(3, 0, 0, 0), 'corrected')).toBeCloseTo(0, 6);
  });
});

describe('ProtoNCE with selected negatives', () => {
  const q = rows(2, 0.6, 0.8, 0, 1);
  const given = { prototypes: C, phi, labels: ids(0, 1) };
  /** Logits of both queries: cosine over phi. */
  const s = [
    [0.6 / 0.2, 0.8 / 0.25, -0.6 / 0.15],
    [0, 1 / 0.25, 0],
  ] as const;

  it('leaves out the own prototype, what was not kept and what is no candidate', async () => {
    const candidates = vector(1, 1, 1);
    const kept = mask(3, 1, 1, 0, 1, 1, 1);
    const [loss] = await evaluated(
      selectedProtoNce(q, { ...given, candidates, kept, variant: 'corrected' }),
    );
    expect(loss).toBeCloseTo((ce(s[0][0], s[0][1]) + ce(s[1][1], s[1][0], s[1][2])) / 2, 5);
    const fewer = { ...given, candidates: vector(0, 1, 1), variant: 'corrected' } as const;
    const [other] = await evaluated(selectedProtoNce(q, fewer));
    expect(other).toBeCloseTo((ce(s[0][0], s[0][1], s[0][2]) + ce(s[1][1], s[1][2])) / 2, 5);
  });

  it('as released no cluster of the batch is a negative of any image', async () => {
    const candidates = vector(1, 1, 1);
    const [loss] = await evaluated(
      selectedProtoNce(q, { ...given, candidates, variant: 'reference' }),
    );
    expect(loss).toBeCloseTo((ce(s[0][0], s[0][2]) + ce(s[1][1], s[1][2])) / 2, 5);
  });
});

describe('which prototypes may be negatives', () => {
  it('are those of clusters with images, or as released the ids below the last', () => {
    const labels = Int32Array.of(0, 3, 1, 3);
    expect([...candidatesOf(labels, 5, 'corrected')]).toEqual([1, 1, 0, 1, 0]);
    expect([...candidatesOf(labels, 5, 'reference')]).toEqual([1, 1, 1, 0, 0]);
  });
});
