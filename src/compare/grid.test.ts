/** Varied settings of a comparison: every combination, or one value at a time. */
import { describe, expect, it } from 'vitest';
import { gridPoints, showGrid } from './grid.ts';

describe('the points of a comparison', () => {
  it('are one per combination of a grid', () => {
    expect(gridPoints([])).toEqual([{}]);
    expect(gridPoints(['a=1,2', 'b=x,y'])).toEqual([
      { a: '1', b: 'x' },
      { a: '1', b: 'y' },
      { a: '2', b: 'x' },
      { a: '2', b: 'y' },
    ]);
    expect(gridPoints(['clusters=512;512,256'])).toEqual([{ clusters: '512' }, { clusters: '512,256' }]);
  });

  it('are one without changes and one per value where values vary alone', () => {
    expect(gridPoints([], ['a=1,2', 'b=x'])).toEqual([{}, { a: '1' }, { a: '2' }, { b: 'x' }]);
  });

  it('vary alone at each point of a grid', () => {
    expect(gridPoints(['a=1,2'], ['b=x'])).toEqual([
      { a: '1' },
      { a: '1', b: 'x' },
      { a: '2' },
      { a: '2', b: 'x' },
    ]);
  });

  it.each(['temperature', '=1', 'temperature=', 'a=1,1', 'seed=1,2', 'method=swav', 'epochs=1,2'])(
    'refuse "%s"',
    (text) => {
      expect(() => gridPoints([text])).toThrow(/^grid: received/);
      expect(() => gridPoints([], [text])).toThrow(/^vary: received/);
    },
  );

  it('refuse a setting twice, wherever', () => {
    expect(() => gridPoints(['a=1,2', 'a=3'])).toThrow('grid: received a twice');
    expect(() => gridPoints(['a=1,2'], ['a=3'])).toThrow('vary: received a twice');
  });

  it('are shown as people read them', () => {
    expect(showGrid({ temperature: '0.2', queueLength: '0' })).toBe('temperature 0.2, queueLength 0');
  });
});
