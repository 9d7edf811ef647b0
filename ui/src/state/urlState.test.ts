import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstSpec,
  firstState,
  formatUrl,
  gridOrders,
  parseUrl,
  views,
  wallOrders,
} from './urlState.ts';

describe('parseUrl', () => {
  it('reads what formatUrl writes', () => {
    const natural = fc.option(fc.nat(1_000_000), { nil: null });
    const spec = fc.record({
      color: fc.constantFrom('cluster', 'label', 'confidence', 'date', 'csv-12'),
      step: fc.oneof(fc.nat(10_000), fc.constant('final')),
      wall: fc.constantFrom(...wallOrders),
      grid: fc.constantFrom(...gridOrders),
      tile: fc.integer({ min: 48, max: 256 }),
    });
    const state = fc.record({
      view: fc.constantFrom(...views),
      cluster: natural,
      open: natural,
      like: natural,
      query: fc.string({ unit: 'grapheme' }),
      only: fc.array(fc.integer({ min: -2, max: 300 })),
      other: fc.string(),
      selected: fc.constantFrom('', '5.2-3', '@k1'),
    });
    fc.assert(
      fc.property(spec, state, (s, t) => {
        const kept = { ...t, cluster: ['clusters', 'tree'].includes(t.view) ? t.cluster : null };

        expect(parseUrl(formatUrl(s as never, kept as never))).toEqual({ spec: s, state: kept });
      }),
    );
  });

  it('is as at the start for text that is none', () => {
    const first = { spec: firstSpec, state: firstState };
    expect(parseUrl('')).toEqual(first);
    expect(parseUrl('#/<b>?color=no&tile=a&open=-3&only=x&step=1e9')).toEqual(first);
    expect(parseUrl('#/map?tile=9').spec.tile).toBe(48);
  });

  it('leaves out the parts that are as at the start', () => {
    expect(formatUrl(firstSpec, firstState)).toBe('#/clusters');
    expect(formatUrl(firstSpec, { ...firstState, cluster: -2 })).toBe('#/clusters/-2');
  });
});
