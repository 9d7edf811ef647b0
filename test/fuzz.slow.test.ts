/** More damaged files than `fuzz.test.ts`, from another seed. `npm run fuzz` goes on for longer. */
import { expect, it } from 'vitest';
import { fuzz } from './fuzz.cases.ts';

/** Files that two cores read in less than a minute. */
const FILES = 5000;

it('thousands of damaged files crash nothing and hang nowhere', { timeout: 300_000 }, async () => {
  const { files, faults } = await fuzz({ seed: 2, goesOn: (number) => number < FILES });
  expect(faults).toEqual([]);
  expect(files).toBe(FILES);
});
