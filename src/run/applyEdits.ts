/** Clusters after the changes of a person. Pure: nothing here touches the disk. */
import { LikenessError } from '../core/errors.ts';
import type { Operation } from './operations.ts';

/** Cluster of an image that a person marked as junk. */
export const JUNK = -2;

/** Clusters as they were found. */
export interface FoundClusters {
  /** Ids of the images [N]. */
  readonly ids: readonly string[];
  /** Cluster of each image [N], 0 to k - 1. */
  readonly clusters: ArrayLike<number>;
  readonly k: number;
}

/** Clusters after edits. Their numbers may have gaps, because merged clusters end. */
export interface EditedClusters {
  /** Cluster of each image, or -2 for junk [N]. */
  readonly clusters: Int32Array;
  /** Numbers of all clusters, rising. A cluster may be empty. */
  readonly numbers: readonly number[];
  readonly names: ReadonlyMap<number, string>;
  readonly locked: ReadonlySet<number>;
  /** Cluster that each found cluster is now part of [k]. */
  readonly becomes: Int32Array;
  /** Decisions about duplicates by row: true keeps an image, false moves its file. */
  readonly decided: ReadonlyMap<number, boolean>;
}

/** Clusters with their edits so far, to which operations are applied one by one. */
export interface EditState {
  readonly found: FoundClusters;
  /** Cluster of each image, of junk too [N]. */
  home: Int32Array;
  junk: Uint8Array;
  exists: Set<number>;
  names: Map<number, string>;
  locked: Set<number>;
  becomes: Int32Array;
  decided: Map<number, boolean>;
  /** Smallest number that no cluster has had. */
  next: number;
  /** Row of an image by its id; made by the first operation that names images. */
  rows?: ReadonlyMap<string, number>;
}

/** Starts from clusters without edits. */
export function unedited(found: FoundClusters): EditState {
  const { clusters, k } = found;
  const all = Int32Array.from({ length: k }, (_, i) => i);
  return {
    found,
    home: Int32Array.from(clusters),
    junk: new Uint8Array(clusters.length),
    exists: new Set(all),
    names: new Map(),
    locked: new Set(),
    becomes: all,
    decided: new Map(),
    next: k,
  };
}

/** Copies a state, so that operations on the copy leave the original as it is. */
export function copyOf(state: EditState): EditState {
  return {
    ...state,
    home: state.home.slice(),
    junk: state.junk.slice(),
    exists: new Set(state.exists),
    names: new Map(state.names),
    locked: new Set(state.locked),
    becomes: state.becomes.slice(),
    decided: new Map(state.decided),
  };
}

/** Reads clusters, names and locks from a state. */
export function editedClusters(state: EditState): EditedClusters {
  const { home, junk, exists, names, locked, becomes, decided } = state;
  return {
    clusters: home.map((cluster, row) => (junk[row] === 1 ? JUNK : cluster)),
    numbers: [...exists].sort((a, b) => a - b),
    ...{ names, locked, becomes, decided },
  };
}

/**
 * Applies operations in order.
 *
 * New clusters of `split` and `move` get the numbers after all that there were. Moved images are no
 * junk.
 *
 * @throws LikenessError `edits.invalid` for an operation that names a cluster or image which is not
 * there, `edits.locked` for one that would change the members of a locked cluster
 */
export function applyEdits(found: FoundClusters, operations: readonly Operation[]): EditedClusters {
  const state = unedited(found);
  for (const operation of operations) applyOperation(state, operation);
  return editedClusters(state);
}

/**
 * Applies one operation. A state is unchanged where it throws.
 *
 * @throws LikenessError as {@link applyEdits}
 */
export function applyOperation(state: EditState, operation: Operation): void {
  switch (operation.type) {
    case 'name': {
      requireCluster(state, operation.cluster);
      if (operation.name === '') state.names.delete(operation.cluster);
      else state.names.set(operation.cluster, operation.name);
      return;
    }
    case 'lock': {
      requireCluster(state, operation.cluster);
      if (operation.locked) state.locked.add(operation.cluster);
      else state.locked.delete(operation.cluster);
      return;
    }
    case 'merge':
      merge(state, operation.clusters, operation.into);
      return;
    case 'split':
      split(state, operation.cluster, operation.parts);
      return;
    case 'move':
      move(state, operation.images, operation.to);
      return;
    case 'junk': {
      const rows = changeable(state, operation.images);
      for (const row of rows) state.junk[row] = operation.junk ? 1 : 0;
      return;
    }
    case 'duplicates': {
      const { keep = [], move = [], byRule = [] } = operation;
      const [kept, moved, free] = [keep, move, byRule].map((images) => rowsOf(state, images));
      for (const row of kept!) state.decided.set(row, true);
      for (const row of moved!) state.decided.set(row, false);
      for (const row of free!) state.decided.delete(row);
      return;
    }
  }
}

function merge(state: EditState, clusters: readonly number[], into: number): void {
  const merged = new Set(clusters);
  if (merged.has(into)) {
    throw invalid(`merge: received cluster ${into} as part and as target; expected another target`);
  }
  for (const cluster of [...merged, into]) requireUnlocked(state, cluster);
  const { home, becomes, exists, names } = state;
  for (let row = 0; row < home.length; row++) if (merged.has(home[row]!)) home[row] = into;
  for (let i = 0; i < becomes.length; i++) if (merged.has(becomes[i]!)) becomes[i] = into;
  for (const cluster of merged) {
    exists.delete(cluster);
    names.delete(cluster);
  }
}

function split(state: EditState, cluster: number, parts: readonly (readonly string[])[]): void {
  requireUnlocked(state, cluster);
  const rows = parts.map((ids) => rowsOf(state, ids));
  const all = rows.flat();
  const other = all.find((row) => state.home[row] !== cluster);
  if (other !== undefined) {
    const name = state.found.ids[other];
    throw invalid(
      `split: received "${name}", which is not in cluster ${cluster}. Reload the page.`,
    );
  }
  if (new Set(all).size !== all.length) {
    throw invalid('split: received an image twice; expected each in at most one part');
  }
  for (const part of rows) {
    const number = create(state);
    for (const row of part) state.home[row] = number;
  }
}

function move(state: EditState, images: readonly string[], to: number | 'new'): void {
  if (to !== 'new') requireUnlocked(state, to);
  const rows = changeable(state, images);
  const target = to === 'new' ? create(state) : to;
  for (const row of rows) {
    state.home[row] = target;
    state.junk[row] = 0;
  }
}

function create(state: EditState): number {
  state.exists.add(state.next);
  return state.next++;
}

/** Finds rows of images that may change. @throws LikenessError `edits.locked` */
function changeable(state: EditState, images: readonly string[]): number[] {
  const rows = rowsOf(state, images);
  for (const row of rows) requireUnlocked(state, state.home[row]!);
  return rows;
}

function rowsOf(state: EditState, images: readonly string[]): number[] {
  state.rows ??= new Map(state.found.ids.map((id, row) => [id, row]));
  return images.map((id) => {
    const row = state.rows!.get(id);
    if (row === undefined) {
      throw invalid(
        `images: received "${id}"; expected images of this clustering. Reload the page.`,
      );
    }
    return row;
  });
}

function requireCluster({ exists }: EditState, cluster: number): void {
  if (exists.has(cluster)) return;
  throw invalid(
    `cluster: received ${cluster}; expected the number of a cluster that is there. ` +
      'Reload the page.',
  );
}

function requireUnlocked(state: EditState, cluster: number): void {
  requireCluster(state, cluster);
  if (!state.locked.has(cluster)) return;
  const name = state.names.get(cluster);
  throw new LikenessError(
    'edits.locked',
    `cluster: ${cluster}${name === undefined ? '' : ` ("${name}")`} is locked, so its images ` +
      'stay. Unlock it first.',
  );
}

function invalid(message: string): LikenessError {
  return new LikenessError('edits.invalid', message);
}
