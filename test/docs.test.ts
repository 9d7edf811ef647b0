/** The generated pages are what the program would write now. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pages } from '../docs/pages.ts';

const root = new URL('../', import.meta.url);

describe('the documentation', () => {
  for (const [path, content] of Object.entries(pages())) {
    it(`${path} is up to date (npm run docs)`, () => {
      expect(readFileSync(new URL(path, root), 'utf8')).toBe(content);
    });
  }

  it('has every page that the README links to', () => {
    const readme = readFileSync(new URL('README.md', root), 'utf8');
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !link.startsWith('http'));
    expect(links.length).toBeGreaterThan(10);
    for (const link of links) expect(existsSync(new URL(link, root)), link).toBe(true);
  });
});
