/** Every page of the documentation can be reached, and no link in it is broken. */
import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, readText, root } from './repository.cases.ts';

/** Pages that people read; templates are read as the pages they become. */
const pages = filesOf(['*.md', 'docs/**/*.md', 'examples/*.md']).filter(
  (file) => !file.endsWith('.template.md'),
);
const map = 'docs/README.md';

/** Removes code, in which brackets and number signs have other meanings. */
const withoutCode = (text: string) => text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');

/** Lists the targets of Markdown links, without those to other sites. */
function linksOf(text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

/** Lists the anchors of a page's headings, formed as GitHub does. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Lists the broken links of a page, whose path is relative to the repository's root. */
function brokenLinks(page: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    const [path, anchor] = link.split('#') as [string, string?];
    const target = path === '' ? page : posix.join(posix.dirname(page), path);
    if (target !== page && !existsSync(join(root, target))) return true;
    if (anchor === undefined) return false;
    if (target === page) return !anchorsOf(text).includes(anchor);
    return !statSync(join(root, target)).isFile() || !anchorsOf(readText(target)).includes(anchor);
  });
}

/** Resolves the links of a page to paths from the repository's root. */
const targetsOf = (page: string) =>
  linksOf(readText(page)).map((link) => posix.join(posix.dirname(page), link.split('#')[0]!));

describe('brokenLinks', () => {
  it.each<[string, string, string[]]>([
    ['a file', '[a](architecture.md) [b](../README.md)', []],
    ['a missing file', '[a](missing.md) [b](missing/)', ['missing.md', 'missing/']],
    ['an anchor', '# One `b`: two-three\n[a](#one-b-two-three)', []],
    ['a missing anchor', '# One\n[a](#two) [b](README.md#none)', ['#two', 'README.md#none']],
    ['another site', '[a](https://example.org/x) [b](mailto:a@example.org)', []],
    ['code', '`[a](missing.md)`\n```\n[b](missing.md)\n```', []],
  ])('finds those of %s', (_, text, expected) => {
    expect(brokenLinks('docs/page.md', text)).toEqual(expected);
  });
});

describe('the documentation', () => {
  it.each(pages)('has no broken link in %s', (page) => {
    expect(brokenLinks(page, readText(page))).toEqual([]);
  });

  it.each(pages.filter((page) => page.includes('/') && page !== map))(
    'links from %s to its map',
    (page) => {
      expect(targetsOf(page)).toContain(map);
    },
  );

  it('reaches every page from its map in at most two steps', () => {
    const near = targetsOf(map);
    const reached = new Set([
      map,
      ...near,
      ...near.filter((page) => pages.includes(page)).flatMap(targetsOf),
    ]);
    expect(pages.filter((page) => !reached.has(page))).toEqual([]);
  });
});
