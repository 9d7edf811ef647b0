/** Duplicates: find copies of the same picture, and the best image of each group. */
import { findDuplicates } from '../src/likeness.ts';
import { folder } from './input.ts';

const found = await findDuplicates(folder, { threshold: 0.9 });
for (const { kind, images, worst } of found.groups.slice(0, 10)) {
  const [kept, ...others] = images.map(({ path }) => path);
  console.log(
    `${kind}, at least ${worst.similarity.toFixed(2)}: ${kept}, not ${others.join(', ')}`,
  );
}
console.log(`${found.groups.length} groups of duplicates among ${found.images} images`);

// Another threshold needs no further comparison.
const { groups, removable } = await found.at(0.97);
console.log(`at 0.97: ${groups.length} groups, ${removable} images to remove`);
