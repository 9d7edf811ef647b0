import type { HierarchyAnswer, HierarchyNode } from '../../../src/server/protocol.ts';
import { uniform } from './random.ts';
import type { SyntheticRun } from './syntheticRun.ts';

const TYPICAL = 12;
/** Groups of a class at the finest level. */
const PARTS = 5;

/** Tree of three levels: families of classes, classes, and parts of a class. */
export function syntheticHierarchy(
  run: SyntheticRun,
  seed: number,
): { answer: HierarchyAnswer; leaves: Int32Array } {
  const partOf = (row: number) => Math.floor(uniform(seed, row, 60) ** 2 * PARTS);
  const keys = [
    (row: number) => run.kinds[row]! % 4,
    (row: number) => run.kinds[row]!,
    (row: number) => PARTS * run.kinds[row]! + partOf(row),
  ];
  const nodes: HierarchyNode[] = [];
  let above: Int32Array = new Int32Array(run.images).fill(-1);
  for (const [level, keyOf] of keys.entries()) {
    const rows = new Map<number, number[]>();
    for (let row = 0; row < run.images; row++) {
      const key = keyOf(row);
      const members = rows.get(key) ?? [];
      members.push(row);
      rows.set(key, members);
    }
    const own = new Int32Array(run.images);
    for (const [prototype, members] of [...rows].sort((a, b) => b[1].length - a[1].length)) {
      for (const row of members) own[row] = nodes.length;
      const parent = above[members[0]!]!;
      const typical = members.slice(0, TYPICAL);
      nodes.push({ level, prototype, parent, size: members.length, typical });
    }
    above = own;
  }
  return { answer: { levels: keys.length, nodes }, leaves: above };
}
