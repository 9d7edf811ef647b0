import type { EditOperation } from '../../../src/server/protocol.ts';
import { asSourceError, CONFLICT } from '../data/source.ts';
import type { App } from './app.svelte.ts';

/** Stores decisions about duplicates. They change no cluster, so the run is not read again. */
export class Decisions {
  readonly #app: Pick<App, 'run' | 'source' | 'reload' | 'say'>;
  /** Number of decisions that are being stored. */
  #storing = 0;
  /** Last version of the edits that an event told of. */
  #newest = 0;

  constructor(app: Pick<App, 'run' | 'source' | 'reload' | 'say'>) {
    this.#app = app;
  }

  /**
   * Returns true where the run is to be read again, because an event tells of another version. The
   * event of an own decision may come before its answer.
   */
  isNews(version: number): boolean {
    this.#newest = version;
    return this.#storing === 0 && version !== this.#app.run?.edits.version;
  }

  /** Stores a decision; false where it was refused, which the page then says. */
  async store(operation: EditOperation): Promise<boolean> {
    const { run } = this.#app;
    if (!run) return false;
    this.#storing++;
    try {
      const { key, edits } = run;
      const request = { key, version: edits.version, operations: [operation] };
      const answer = await this.#app.source.edit(request);
      const now = this.#app.run;
      if (now?.key === key) this.#app.run = { ...now, edits: answer };
      return true;
    } catch (error) {
      const { status, message } = asSourceError(error);
      const isLate = status === CONFLICT;
      const late = 'Another window was faster. See its changes, and try again.';
      this.#app.say(isLate ? late : message, 'error');
      if (isLate) await this.#app.reload();
      return false;
    } finally {
      this.#storing--;
      if (this.#newest > (this.#app.run?.edits.version ?? 0)) void this.#app.reload();
    }
  }
}
