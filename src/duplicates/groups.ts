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

interface Link {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
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
  const links = new Map<number, Map<number, number>>();
  const linksOf = (group: number) => {
    const own = links.get(group) ?? new Map<number, number>();
    links.set(group, own);
    return own;
  };
  const queue: Link[] = [];
  for (const { a, b, similarity } of pairs) {
    if (similarity < threshold || a === b) continue;
    linksOf(a).set(b, similarity);
    linksOf(b).set(a, similarity);
    push(queue, { a, b, similarity });
  }
  const members = new Map<number, number[]>([...links.keys()].map((one) => [one, [one]]));
  for (let link = pop(queue); link; link = pop(queue)) {
    const { a, b, similarity } = link;
    // A link of groups that were joined since is out of date.
    if (links.get(a)?.get(b) !== similarity) continue;
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
      if (theirs >= own) continue;
      left.set(other, theirs);
      links.get(other)!.set(a, theirs);
      push(queue, { a: Math.min(a, other), b: Math.max(a, other), similarity: theirs });
    }
    members.set(a, [...members.get(a)!, ...members.get(b)!]);
    members.delete(b);
  }
  const similarities = new Map(pairs.map((pair) => [`${pair.a} ${pair.b}`, pair]));
  return [...members.values()]
    .filter(({ length }) => length > 1)
    .map((own) => {
      const sorted = own.toSorted((a, b) => a - b);
      return { members: sorted, worst: worstOf(sorted, similarities) };
    })
    .sort((one, other) => one.members[0]! - other.members[0]!);
}

function worstOf(
  members: readonly number[],
  similarities: ReadonlyMap<string, DuplicatePair>,
): DuplicatePair {
  let worst: DuplicatePair | undefined;
  for (const [i, a] of members.entries()) {
    for (const b of members.slice(i + 1)) {
      const pair = similarities.get(`${a} ${b}`)!;
      if (!worst || pair.similarity < worst.similarity) worst = pair;
    }
  }
  return worst!;
}

/** Order of the queue: most similar first, then by position. */
function isBefore(one: Link, other: Link): boolean {
  return (
    one.similarity > other.similarity ||
    (one.similarity === other.similarity &&
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
