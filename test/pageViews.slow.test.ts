/** Each view of the page looks as its stored picture and has no serious issue of access. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { difference, openView, pictureOf, viewCases } from './pageViews.cases.ts';
import { root } from './repository.cases.ts';
import { usePage } from './usePage.cases.ts';

const used = usePage();

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Lists serious and critical issues that axe finds, with the first elements of each. */
async function issues(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => {
      const first = nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary ?? ''}`);
      return `${id}: ${first.join('\n')}`;
    });
}

describe('a view', () => {
  it.each(viewCases)('$name looks as its stored picture, and all can use it', async (one) => {
    const stored = readFileSync(join(root, 'docs', 'explorer', `${one.name}.webp`));
    const { page, complaints } = await openView(used.browser, used.address, one);
    const found = await difference(await pictureOf(page), stored);
    expect(found, 'node docs/screenshots.ts stores the views of today').toBeLessThan(0.02);
    expect(await issues(page), 'serious issues of access').toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(['e', '?', 'm'])(
    'has no serious issue of access in the dialog of key %s',
    async (key) => {
      const clusters = viewCases.find(({ name }) => name === 'clusters')!;
      const selected = { ...clusters, fragment: '#/clusters?selected=0-5' };
      const { page } = await openView(used.browser, used.address, selected);
      await page.keyboard.press(key);
      await page.locator('dialog[open]').waitFor();
      expect(await issues(page)).toEqual([]);
      await page.context().close();
    },
  );
});

describe('difference', () => {
  it('tells another view from the same one', () => {
    const read = (name: string) => readFileSync(join(root, 'docs', 'explorer', `${name}.webp`));
    return Promise.all([
      expect(difference(read('map'), read('map'))).resolves.toBe(0),
      expect(difference(read('map'), read('clusters'))).resolves.toBeGreaterThan(0.05),
      expect(difference(read('map'), read('map-200'))).resolves.toBeGreaterThan(0.02),
    ]);
  });
});
