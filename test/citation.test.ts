/** CITATION.cff and package.json, which say the same of the package. */
import { expect, it } from 'vitest';
import { readText } from './repository.cases.ts';

const citation = readText('CITATION.cff');
const manifest = JSON.parse(readText('package.json')) as Record<string, string>;
const field = (name: string) => citation.match(new RegExp(`^${name}: (.+)$`, 'm'))?.[1];

it('agree on version, license and homepage', () => {
  expect(field('version')).toBe(manifest.version);
  expect(field('license')).toBe(manifest.license);
  expect(field('url')).toBe(manifest.homepage);
});

it('name the page of the package on npm, where it is published', () => {
  const page = `https://www.npmjs.com/package/${manifest.name}`;
  expect(manifest.homepage).toBe(page);
  expect(field('repository-artifact')).toBe(page);
});
