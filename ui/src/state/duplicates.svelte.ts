import type {
  DuplicateGroupAnswer,
  DuplicateImageAnswer,
  DuplicatesAnswer,
  JobAnswer,
  Row,
} from '../../../src/server/protocol.ts';
import type { SourceError } from '../data/source.ts';
import type { App } from './app.svelte.ts';
import {
  byRule,
  changeOf,
  keepAll,
  keepOnly,
  keptOf,
  type Marks,
  marksOf,
  planOf,
  toggleKept,
} from './duplicateMarks.ts';

/** Groups of duplicates at the threshold of the page, and the decisions of a person about them. */
export class DuplicateReview {
  readonly #app: App;
  answer = $state.raw<DuplicatesAnswer | null>(null);
  images = $state.raw<ReadonlyMap<Row, DuplicateImageAnswer>>(new Map());
  marks = $state.raw<Marks>(new Map());
  /** True where the images are not compared yet. */
  isNone = $state(false);
  failure = $state('');
  /** Position of the group whose images are seen side by side. */
  at = $state(0);
  /** Run and jobs of which `images` are. */
  #imagesOf = '';
  #isAsking = false;
  #isAskedAgain = false;
  /** Decisions on their way to the run, one after another. */
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;

  /** Job that compares the images, while it runs. */
  job = $derived.by(() =>
    this.#app.jobs.find(({ kind, state }) => kind === 'duplicates' && state === 'running'),
  );
  /** Changes with each job after which other files may be there, or other groups. */
  ended = $derived.by(() =>
    this.#app.jobs
      .filter(({ kind, state }) => ENDED.includes(kind) && state !== 'running')
      .map(({ id }) => id)
      .join(),
  );
  groups = $derived.by((): readonly DuplicateGroupAnswer[] => {
    const { spec } = this.#app;
    return (spec.copies === 'exact' ? this.answer?.exact : this.answer?.near) ?? [];
  });
  group = $derived.by(() => this.groups[Math.min(this.at, this.groups.length - 1)]);
  /** True where decisions are stored with the run. */
  isStored = $derived.by(() => {
    const { run } = this.#app;
    return run?.writable === true && run.clusters.length > 0;
  });
  plan = $derived.by(() => planOf(this.groups, this.marks, this.images));
  /** Folders of the images of all groups, for the choice of a preferred one. */
  folders = $derived.by(() => {
    const found = new Set<string>();
    for (const { path } of this.images.values()) {
      const end = path.lastIndexOf('/');
      if (end > 0) found.add(path.slice(0, end));
    }
    return [...found].sort();
  });

  constructor(app: App) {
    this.#app = app;
  }

  /** Asks for the groups. While an answer is on its way, the last of further questions waits. */
  async ask(): Promise<void> {
    if (this.#isAsking) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isAsking = true;
    const { source, spec } = this.#app;
    const { threshold, keep, prefer } = spec;
    const { ended } = this;
    try {
      const found = await source.duplicates({ threshold, keep, prefer });
      this.isNone = found === null;
      if (found === null) this.answer = null;
      else if (!('state' in found)) {
        const wanted = `${found.key} ${ended}`;
        if (wanted !== this.#imagesOf) await this.#readImages();
        this.#imagesOf = wanted;
        this.answer = found;
        if (this.isStored && this.#queued === 0) this.marks = marksOf(found);
      }
      this.failure = '';
    } catch (error) {
      this.failure = (error as SourceError).message;
      this.answer = null;
    } finally {
      this.#isAsking = false;
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        void this.ask();
      }
    }
  }

  async #readImages(): Promise<void> {
    const images = await this.#app.source.duplicateImages();
    this.images = new Map(images.map((image) => [image.row, image]));
  }

  /** Compares all images in a job. */
  async compare(): Promise<void> {
    const key = this.#app.run?.key ?? '';
    await this.#app.follow(() => this.#app.source.findDuplicates(key));
  }

  isKept(group: DuplicateGroupAnswer, row: Row): boolean {
    return keptOf(group, this.marks, this.images).has(row);
  }

  keepOnly(group: DuplicateGroupAnswer, row: Row): void {
    this.#decide(keepOnly(group, row, this.marks));
  }

  keepAll(group: DuplicateGroupAnswer): void {
    const isAll = group.rows.every((row) => this.isKept(group, row));
    this.#decide(isAll ? byRule(group, this.marks) : keepAll(group, this.marks));
  }

  toggle(group: DuplicateGroupAnswer, row: Row): void {
    this.#decide(toggleKept(group, row, this.marks, this.images));
  }

  /** Shows decisions at once, and stores what they change. */
  #decide(marks: Marks): void {
    const operation = changeOf(this.marks, marks);
    if (operation === null) return;
    this.marks = marks;
    if (!this.isStored) return;
    this.#queued++;
    this.#queue = this.#queue.then(async () => {
      const isDone = await this.#app.decisions.store(operation);
      this.#queued--;
      // Shows the decisions of the run again where this one was refused.
      if (!isDone) await this.ask();
    });
  }

  /** Moves the files that are not kept into a folder. */
  async move(folder: string): Promise<JobAnswer | null> {
    const key = this.#app.run?.key ?? '';
    const images = this.plan.rows;
    return this.#app.follow(() =>
      this.#app.source.takeAway({ key, what: 'trash', images, folder }),
    );
  }
}

const ENDED: readonly JobAnswer['kind'][] = ['duplicates', 'trash', 'restore'];
