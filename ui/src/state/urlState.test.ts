import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  finds,
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
      threshold: fc.integer({ min: 800, max: 1000 }).map((thousandths) => thousandths / 1000),
      copies: fc.constantFrom('near', 'exact'),
      keep: fc.constantFrom('best', 'oldest'),
      prefer: fc.string({ unit: 'grapheme' }),
    });
    const state = fc.record({
      view: fc.constantFrom(...views),
      cluster: natural,
      open: natural,
      like: natural,
      find: fc.constantFrom(...finds),
      query: fc.string({ unit: 'grapheme' }),
      folder: fc.string({ unit: 'grapheme' }),
      only: fc.array(fc.integer({ min: -2, max: 300 })),
      other: fc.string(),
      selected: fc.constantFrom('', '5.2-3', '@k1'),
    });
    fc.assert(
      fc.property(spec, state, (s, t) => {
        const kept = {
          ...t,
          cluster: ['clusters', 'tree'].includes(t.view) ? t.cluster : null,
          find: t.view === 'find' ? t.find : 'search',
        };

        expect(parseUrl(formatUrl(s as never, kept as never))).toEqual({ spec: s, state: kept });
      }),
    );
  });

  it('is as at the start for text that is none', () => {
    const first = { spec: firstSpec, state: firstState };
    expect(parseUrl('')).toEqual(first);
    expect(parseUrl('#/<b>?color=no&tile=a&open=-3&only=x&step=1e9')).toEqual(first);
    expect(parseUrl('#/map?tile=9').spec.tile).toBe(48);
    expect(parseUrl('#/find/duplicates?alike=0.5').spec.threshold).toBe(0.8);
    expect(parseUrl('#/find/none?alike=9').spec.threshold).toBe(1);
  });

  it('leaves out the parts that are as at the start', () => {
    expect(formatUrl(firstSpec, firstState)).toBe('#/clusters');
    expect(formatUrl(firstSpec, { ...firstState, cluster: -2 })).toBe('#/clusters/-2');
  });
});
