/** Line below the title of a page that links to the pages above it. */
import { posix } from 'node:path';

/** Map of the documentation, above every other page. */
const map = 'docs/README.md';

/** Titles of the pages above others. */
const titles: Readonly<Record<string, string>> = {
  [map]: 'Documentation',
  'docs/methods/README.md': 'Methods',
};

/**
 * Links a page to those above it: `[Documentation](../README.md) › [Methods](README.md) › BYOL`.
 *
 * @param path path of the page from the repository's root
 */
export function breadcrumb(path: string, title: string): string {
  const folder = posix.dirname(path);
  const above = [map, posix.join(folder, 'README.md')].filter(
    (page) => page in titles && page !== path,
  );
  const linkTo = (page: string) => `[${titles[page]}](${posix.relative(folder, page)})`;
  const links = [...new Set(above)].map(linkTo);
  return [...links, title].join(' › ');
}

/** Inserts the line below the first heading of a page. */
export function withBreadcrumb(path: string, page: string): string {
  return page.replace(
    /^# (.+)\n/,
    (heading, title: string) => `${heading}\n${breadcrumb(path, title)}\n`,
  );
}
