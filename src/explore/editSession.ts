/** Edits of the opened clustering: applied, undone, redone, and stored after each change. */
import { LikenessError } from '../core/errors.ts';
import {
  applyOperation,
  copyOf,
  describeOperation,
  type EditedClusters,
  type EditState,
  editedClusters,
  type FoundClusters,
  noEdits,
  type Operation,
  readEdits,
  type StoredEdits,
  unedited,
  writeEdits,
} from '../run/index.ts';
import type { EditsAnswer } from './protocol.ts';

export interface EditSession {
  /** Clusters with all edits. */
  current(): EditedClusters;
  answer(): EditsAnswer;
  operations(): readonly Operation[];
  /**
   * Applies operations and stores them.
   *
   * @throws LikenessError `edits.version` where another window was faster, `edits.invalid`,
   * `edits.locked`, `write.*`
   */
  apply(version: number, operations: readonly Operation[]): Promise<EditsAnswer>;
  /** Takes back the last operation. @throws LikenessError `edits.nothing`, and as `apply` */
  undo(version: number): Promise<EditsAnswer>;
  /** Applies the last undone operation again. @throws LikenessError as `undo` */
  redo(version: number): Promise<EditsAnswer>;
}

/**
 * Opens the edits of a clustering.
 *
 * @param file edits.json, which may be absent
 * @param key key of the clustering; edits of another one are not applied
 * @throws LikenessError `json.malformed`, `edits.*`
 */
export async function openEditSession(
  file: string,
  key: string,
  found: FoundClusters,
): Promise<EditSession> {
  let { stored, state } = await read();
  let current = editedClusters(state);
  let queue: Promise<unknown> = Promise.resolve();

  async function read(): Promise<{ stored: StoredEdits; state: EditState }> {
    const before = await readEdits(file);
    const stored = before?.key === key ? before : noEdits(key);
    return { stored, state: replayed(stored.done) };
  }
  function replayed(done: readonly Operation[]): EditState {
    const state = unedited(found);
    for (const operation of done) applyOperation(state, operation);
    return state;
  }
  /** Takes the changes of another process on the same run. */
  async function refresh(): Promise<void> {
    const before = await readEdits(file);
    const version = before?.key === key ? before.version : 0;
    if (version === stored.version) return;
    ({ stored, state } = await read());
    current = editedClusters(state);
  }
  /** Stores what `next` makes of the edits. One change at a time. */
  function change(
    version: number,
    next: () => { edits: Pick<StoredEdits, 'done' | 'undone'>; state: EditState },
  ): Promise<EditsAnswer> {
    const changed = queue.then(async () => {
      await refresh();
      if (version !== stored.version) {
        throw new LikenessError(
          'edits.version',
          `version: received ${version}; expected ${stored.version}. Another window has changed ` +
            'the clusters; load them again.',
        );
      }
      const made = next();
      const edits = { key, version: stored.version + 1, ...made.edits };
      await writeEdits(file, edits);
      stored = edits;
      state = made.state;
      current = editedClusters(state);
      return answer();
    });
    queue = changed.catch(() => {});
    return changed;
  }
  function answer(): EditsAnswer {
    const [undo, redo] = [stored.done.at(-1), stored.undone.at(-1)];
    return {
      version: stored.version,
      ...(undo && { undo: describeOperation(undo) }),
      ...(redo && { redo: describeOperation(redo) }),
    };
  }
  return {
    current: () => current,
    operations: () => stored.done,
    answer,
    apply: (version, operations) =>
      change(version, () => {
        const next = copyOf(state);
        for (const operation of operations) applyOperation(next, operation);
        return { edits: { done: [...stored.done, ...operations], undone: [] }, state: next };
      }),
    undo: (version) =>
      change(version, () => {
        const last = stored.done.at(-1) ?? nothingTo('undo');
        const done = stored.done.slice(0, -1);
        return { edits: { done, undone: [...stored.undone, last] }, state: replayed(done) };
      }),
    redo: (version) =>
      change(version, () => {
        const last = stored.undone.at(-1) ?? nothingTo('redo');
        const next = copyOf(state);
        applyOperation(next, last);
        return {
          edits: { done: [...stored.done, last], undone: stored.undone.slice(0, -1) },
          state: next,
        };
      }),
  };
}

function nothingTo(what: string): never {
  throw new LikenessError('edits.nothing', `There is no change to ${what}.`);
}
