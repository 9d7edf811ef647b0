import { describe, expect, it } from 'vitest';
import { trackingMeasures } from '../evaluate/index.ts';
import { likelyOrder, likelySentence, SAMPLE } from './likelyOrder.ts';
import { summaryOf } from './summary.ts';

/** A row with these values of the tracking measures. */
function row(name: string, ...values: number[]) {
  const named = trackingMeasures.map((measure, m) => [
    SAMPLE + measure,
    summaryOf([values[m] ?? values[0]!]),
  ]);
  return { name, labelFree: Object.fromEntries(named) };
}

describe('the likely order', () => {
  it('is by mean ranks, whatever the scale of a measure', () => {
    const order = likelyOrder([row('low', 0.1), row('high', 0.9), row('middle', 0.5)]);
    expect(order).toEqual([
      { name: 'high', rank: 1 },
      { name: 'middle', rank: 2 },
      { name: 'low', rank: 3 },
    ]);
    const of = (name: string, ...values: number[]) => ({
      name,
      labelFree: Object.fromEntries(
        values.map((value, m) => [`${SAMPLE}m${m}`, summaryOf([value])]),
      ),
    });
    const scaled = likelyOrder([of('a', 0.1, 51, 52), of('b', 100, 50, 50)], ['m0', 'm1', 'm2']);
    expect(scaled).toEqual([
      { name: 'a', rank: 4 / 3 },
      { name: 'b', rank: 5 / 3 },
    ]);
  });

  it('gives equal rows the mean of their places, and leaves out what was not measured', () => {
    const order = likelyOrder([
      row('a', 0.5),
      row('b', 0.5),
      { name: 'unmeasured', labelFree: {} },
    ]);
    expect(order).toEqual([
      { name: 'a', rank: 1.5 },
      { name: 'b', rank: 1.5 },
    ]);
  });

  it('is a sentence only where there is something to order', () => {
    expect(likelySentence(likelyOrder([row('a', 0.5)]))).toBeUndefined();
    const sentence = likelySentence(likelyOrder([row('a', 0.5), row('b', 0.6)]));
    expect(sentence).toContain('likely best without labels: b');
    expect(sentence).toContain('b 1.0, a 2.0');
  });
});
