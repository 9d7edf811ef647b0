/**
 * Groups of duplicates by complete linkage: every pair of a group is above the threshold, so that a
 * chain of small differences does not join different pictures.
 */
import type { DuplicatePair } from './pairs.ts';

/** Positions of the members in rising order, and the pair that is least alike. */
export interface PositionGroup {
  readonly members: readonly number[];
  readonly worst: DuplicatePair;
}

/** Two groups that complete linkage joins, by their first members. */
export interface Merge {
  readonly a: number;
  readonly b: number;
  /** Pair of the joined group that is least alike. */
  readonly worst: DuplicatePair;
  /** Similarity at which the groups are joined, that of their least similar members. */
  readonly similarity: number;
}

interface Link {
  readonly a: number;
  readonly b: number;
  /** Least similar pair of a member of `a` and one of `b`. */
  readonly pair: DuplicatePair;
}

/**
 * Joins the two groups with the largest similarity of their least similar members, until none is
 * above the threshold. Pairs that are not listed have a similarity below it.
 *
 * @returns groups of two or more, by their first member
 */
export function completeLinkage(
  pairs: readonly DuplicatePair[],
  threshold: number,
): PositionGroup[] {
  return groupsAt(linkageTree(pairs, threshold), threshold);
}

/**
 * Lists the merges of {@link completeLinkage}, most similar first. Those at a higher threshold are
 * the first of them, because a pair below it cannot join groups above it.
 */
export function linkageTree(pairs: readonly DuplicatePair[], threshold: number): Merge[] {
  const links = new Map<number, Map<number, DuplicatePair>>();
  const linksOf = (group: number) => {
    const own = links.get(group) ?? new Map<number, DuplicatePair>();
    links.set(group, own);
    return own;
  };
  const queue: Link[] = [];
  for (const pair of pairs) {
    const { a, b, similarity } = pair;
    if (similarity < threshold || a === b) continue;
    linksOf(a).set(b, pair);
    linksOf(b).set(a, pair);
    push(queue, { a, b, pair });
  }
  const worst = new Map<number, DuplicatePair>();
  const merges: Merge[] = [];
  for (let link = pop(queue); link; link = pop(queue)) {
    const { a, b, pair } = link;
    // A link of groups that were joined since is out of date.
    if (links.get(a)?.get(b) !== pair) continue;
    const [left, right] = [links.get(a)!, links.get(b)!];
    links.delete(b);
    for (const other of right.keys()) links.get(other)?.delete(b);
    for (const [other, own] of left) {
      if (other === b) continue;
      const theirs = right.get(other);
      if (theirs === undefined) {
        left.delete(other);
        links.get(other)!.delete(a);
        continue;
      }
      if (!isWorse(theirs, own)) continue;
      left.set(other, theirs);
      links.get(other)!.set(a, theirs);
      push(queue, { a: Math.min(a, other), b: Math.max(a, other), pair: theirs });
    }
    const least = [worst.get(a), worst.get(b)].reduce<DuplicatePair>(
      (one, other) => (other && isWorse(other, one) ? other : one),
      pair,
    );
    worst.set(a, least);
    merges.push({ a, b, worst: least, similarity: pair.similarity });
  }
  return merges;
}

/** Reads the groups at a threshold from the merges at the same or a lower one. */
export function groupsAt(merges: readonly Merge[], threshold: number): PositionGroup[] {
  const groups = new Map<number, { members: number[]; worst: DuplicatePair }>();
  for (const { a, b, worst, similarity } of merges) {
    if (similarity < threshold) break;
    const [left, right] = [groups.get(a)?.members ?? [a], groups.get(b)?.members ?? [b]];
    groups.delete(b);
    groups.set(a, { members: [...left, ...right], worst });
  }
  return [...groups.values()]
    .map(({ members, worst }) => ({ members: members.sort((a, b) => a - b), worst }))
    .sort((one, other) => one.members[0]! - other.members[0]!);
}

/**
 * Adds images with equal pixels to the groups of their first one, and groups of such images alone.
 *
 * @param groups groups of first images
 * @param equal positions of images with equal pixels, the first of them in front
 * @returns groups of two or more, by their first member
 */
export function withEqual(
  groups: readonly PositionGroup[],
  equal: readonly (readonly number[])[],
): PositionGroup[] {
  const twins = new Map(equal.map((own) => [own[0]!, own]));
  const joined = groups.map(({ members, worst }) => ({
    members: members.flatMap((one) => twins.get(one) ?? [one]).toSorted((a, b) => a - b),
    worst,
  }));
  const taken = new Set(joined.flatMap(({ members }) => members));
  for (const own of equal) {
    const [a, b] = own;
    if (b === undefined || taken.has(a!)) continue;
    joined.push({ members: [...own], worst: { a: a!, b, similarity: 1 } });
  }
  return joined.sort((one, other) => one.members[0]! - other.members[0]!);
}

/** Tells the less similar of two pairs; of equally similar ones the first by position. */
function isWorse(one: DuplicatePair, other: DuplicatePair): boolean {
  return (
    one.similarity < other.similarity ||
    (one.similarity === other.similarity &&
      (one.a < other.a || (one.a === other.a && one.b < other.b)))
  );
}

/** Order of the queue: most similar first, then by position. */
function isBefore(one: Link, other: Link): boolean {
  return (
    one.pair.similarity > other.pair.similarity ||
    (one.pair.similarity === other.pair.similarity &&
      (one.a < other.a || (one.a === other.a && one.b < other.b)))
  );
}

/** Adds a link to a binary heap. */
function push(queue: Link[], link: Link): void {
  let at = queue.push(link) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(link, queue[above]!)) break;
    queue[at] = queue[above]!;
    at = above;
  }
  queue[at] = link;
}

/** Takes the first link of a binary heap. */
function pop(queue: Link[]): Link | undefined {
  const top = queue[0];
  const last = queue.pop();
  if (queue.length === 0 || last === undefined) return top;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= queue.length) break;
    if (below + 1 < queue.length && isBefore(queue[below + 1]!, queue[below]!)) below++;
    if (!isBefore(queue[below]!, last)) break;
    queue[at] = queue[below]!;
    at = below;
  }
  queue[at] = last;
  return top;
}
