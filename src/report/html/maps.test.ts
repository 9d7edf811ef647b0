import { describe, expect, it } from 'vitest';
import { mapsHtml } from './maps.ts';

const map = {
  title: 'after step <10>',
  step: 10,
  places: Float32Array.of(-1, 0, 3, 4, 1, 2),
  clusters: Int32Array.of(1, 0, 1),
  nmi: 0.5,
};

const ids = ['a', 'b', 'c'];

describe('the maps of features', () => {
  it('have a dot per image within the map, one path and color per cluster', () => {
    const html = mapsHtml({ ids, maps: [map] });
    const paths = [
      ...html.matchAll(/<path style="stroke:(hsl\([^)]*\))" d="([^"]*)"><title>Cluster (\d)/g),
    ];
    expect(paths.map(([, , , cluster]) => cluster)).toEqual(['0', '1']);
    expect(new Set(paths.map(([, color]) => color)).size).toBe(2);
    expect(paths[0]![2]).toBe('M292.0 292.0h0');
    expect(paths[1]![2]).toBe('M8.0 8.0h0M150.0 150.0h0');
    expect(html).toContain('NMI <b>0.500</b>');
    expect(html).toContain('after step &lt;10&gt;');
    expect(html).toContain('3 images');
  });

  it('have no NMI without labels, and place equal images', () => {
    const html = mapsHtml({ ids, maps: [{ ...map, nmi: undefined, places: new Float32Array(6) }] });
    expect(html).not.toContain('NMI');
    expect(html).not.toContain('NaN');
  });
});
