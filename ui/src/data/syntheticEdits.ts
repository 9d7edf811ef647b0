import {
  type ClusterAnswer,
  type EditOperation,
  type EditsAnswer,
  JUNK,
} from '../../../src/server/protocol.ts';
import { CONFLICT, SourceError } from './source.ts';

/** Clusters after the edits. */
export interface Edited {
  /** Cluster of each row; -2 for junk. */
  readonly clusters: Int32Array;
  readonly names: ReadonlyMap<number, string>;
  readonly locked: ReadonlySet<number>;
  /** Decisions about duplicates by row. */
  readonly decided: ReadonlyMap<number, boolean>;
}

/** Applies operations to clusters, in order. A new cluster gets the lowest number above all. */
export function applyOperations(
  before: Int32Array,
  count: number,
  operations: readonly EditOperation[],
): Edited {
  const clusters = before.slice();
  const home = before.slice();
  const names = new Map<number, string>();
  const locked = new Set<number>();
  const decided = new Map<number, boolean>();
  let next = count;
  const put = (rows: readonly number[], to: number) => {
    for (const row of rows) {
      clusters[row] = to;
      home[row] = to;
    }
  };
  for (const operation of operations) {
    switch (operation.type) {
      case 'name':
        if (operation.name) names.set(operation.cluster, operation.name);
        else names.delete(operation.cluster);
        break;
      case 'merge': {
        const from = new Set(operation.clusters);
        for (let row = 0; row < clusters.length; row++) {
          if (from.has(clusters[row]!)) put([row], operation.into);
        }
        for (const cluster of from) if (cluster !== operation.into) names.delete(cluster);
        break;
      }
      case 'split':
        for (const part of operation.parts) put(part, next++);
        break;
      case 'move':
        put(operation.images, operation.to === 'new' ? next++ : operation.to);
        break;
      case 'lock':
        if (operation.locked) locked.add(operation.cluster);
        else locked.delete(operation.cluster);
        break;
      case 'junk':
        for (const row of operation.images) clusters[row] = operation.junk ? JUNK : home[row]!;
        break;
      case 'duplicates':
        for (const row of operation.keep ?? []) decided.set(row, true);
        for (const row of operation.move ?? []) decided.set(row, false);
        for (const row of operation.byRule ?? []) decided.delete(row);
        break;
    }
  }
  return { clusters, names, locked, decided };
}

const images = (count: number) => `${count} ${count === 1 ? 'image' : 'images'}`;

/** Describes an operation for the tooltips of undo and redo. */
export function describeOperation(operation: EditOperation): string {
  switch (operation.type) {
    case 'name':
      return `name cluster ${operation.cluster}`;
    case 'merge':
      return `merge ${operation.clusters.length} clusters`;
    case 'split':
      return `split cluster ${operation.cluster}`;
    case 'move':
      return `move ${images(operation.images.length)}`;
    case 'lock':
      return `${operation.locked ? 'lock' : 'unlock'} cluster ${operation.cluster}`;
    case 'junk':
      return `${operation.junk ? 'mark' : 'keep'} ${images(operation.images.length)}`;
    case 'duplicates':
      return `keep ${operation.keep?.length ?? 0} duplicates`;
  }
}

/** Edits of one run in memory, with undo and redo without limit. */
export class SyntheticEdits {
  #version = 0;
  #done: EditOperation[] = [];
  #undone: EditOperation[] = [];

  get operations(): readonly EditOperation[] {
    return this.#done;
  }

  answer(): EditsAnswer {
    const [undo, redo] = [this.#done.at(-1), this.#undone.at(-1)];
    return {
      version: this.#version,
      ...(undo && { undo: describeOperation(undo) }),
      ...(redo && { redo: describeOperation(redo) }),
    };
  }

  /** Refuses a version that is not the last, as the server does for another window. */
  #check(version: number): void {
    if (version === this.#version) return;
    throw new SourceError(CONFLICT, 'explore.conflict', 'Another window changed the clusters.');
  }

  add(version: number, operations: readonly EditOperation[]): EditsAnswer {
    this.#check(version);
    this.#done.push(...operations);
    this.#undone = [];
    this.#version++;
    return this.answer();
  }

  undo(version: number): EditsAnswer {
    this.#check(version);
    const last = this.#done.pop();
    if (last) this.#undone.push(last);
    this.#version++;
    return this.answer();
  }

  redo(version: number): EditsAnswer {
    this.#check(version);
    const next = this.#undone.pop();
    if (next) this.#done.push(next);
    this.#version++;
    return this.answer();
  }
}

/** Lists clusters in the order of their numbers, with their most typical rows. */
export function clusterAnswers(
  edited: Edited,
  confidence: Float32Array,
  margin: Float32Array,
): ClusterAnswer[] {
  const members = new Map<number, number[]>();
  edited.clusters.forEach((cluster, row) => {
    if (cluster < 0) return;
    const rows = members.get(cluster);
    if (rows) rows.push(row);
    else members.set(cluster, [row]);
  });
  return [...members]
    .sort(([a], [b]) => a - b)
    .map(([cluster, rows]) => {
      const sorted = rows.sort((a, b) => confidence[b]! - confidence[a]!);
      const name = edited.names.get(cluster);
      const sum = rows.reduce((total, row) => total + confidence[row]!, 0);
      return {
        cluster,
        ...(name !== undefined && { name }),
        size: rows.length,
        cohesion: sum / rows.length,
        doubtful: rows.filter((row) => margin[row]! < 0.1).length,
        locked: edited.locked.has(cluster),
        typical: sorted.slice(0, 24),
      };
    });
}
