import {
  type ClusterAnswer,
  type ColumnName,
  type EditOperation,
  type JobAnswer,
  JUNK,
  type Row,
  type RunAnswer,
} from '../../../src/server/protocol.ts';
import {
  asSourceError,
  CONFLICT,
  type ColumnValues,
  type RunSource,
  type SourceError,
} from '../data/source.ts';
import { Decisions } from './decisions.ts';
import { groupRows } from './groupRows.ts';
import { withJob, withJobs } from './jobs.ts';
import { decodeRows, encodeRows } from './rowCodec.ts';
import { rowsOf, type Selection, selectionOf, withRows } from './selection.ts';
import { isLasting, soon } from './soon.ts';
import { formatUrl, type PageState, parseUrl, type Spec } from './urlState.ts';
import { countWords } from './words.ts';

/** Longest text of a selection in the URL; longer ones go into the session's storage. */
const LONGEST_SELECTED = 1500;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'info' | 'error';
}

/** The opened run, its columns, the spec and the state of the page, and the changes of a person. */
export class App {
  readonly source: RunSource;
  run = $state.raw<RunAnswer | null>(null);
  /** Reason why no run is shown, or null. `explore.noRun` leads to the list of runs. */
  failure = $state.raw<SourceError | null>(null);
  connected = $state(true);
  spec = $state.raw<Spec>(parseUrl('').spec);
  state = $state.raw<PageState>(parseUrl('').state);
  selection = $state.raw<Selection>(selectionOf(0));
  toasts = $state.raw<readonly Toast[]>([]);
  jobs = $state.raw<readonly JobAnswer[]>([]);
  /** Grows with each event of the training. */
  trainingEvents = $state(0);
  /** Rows that the full-size view steps through, in the order of the list they were opened in. */
  steps = $state.raw<readonly Row[]>([]);
  dialog = $state.raw<'keys' | 'takeaway' | 'move' | 'split' | null>(null);
  readonly decisions = new Decisions(this);
  /** Image that the pointer or the focus is on, for keys. */
  current = $state<Row | null>(null);

  #columns = $state.raw<ReadonlyMap<ColumnName, ColumnValues>>(new Map());
  #loading = new Set<ColumnName>();
  #paths = new Map<Row, string>();
  #toastId = 0;
  /** Number of the last request for the run, and whether all columns are to be read again. */
  #reloads = 0;
  #reloadsAll = false;
  #sessionKey = 0;
  #reloadSoon = soon(() => void this.reload(), 1000);

  /** Rows of each cluster, the most typical first. */
  members = $derived.by(() => {
    const [cluster, order] = [this.column('cluster'), this.column('order')];
    return cluster && order ? groupRows(cluster, order) : new Map<number, Int32Array>();
  });
  clusters = $derived(new Map((this.run?.clusters ?? []).map((one) => [one.cluster, one])));
  images = $derived(this.run?.images ?? 0);

  constructor(source: RunSource) {
    this.source = source;
  }

  /** Reads the run and the URL, and listens to events. Call the result to stop. */
  start(): () => void {
    const onPop = () => this.#readUrl();
    addEventListener('popstate', onPop);
    const stop = this.source.listen({
      connected: (connected) => {
        // Jobs of a server that was started anew count from one again.
        if (connected && !this.connected) this.jobs = [];
        this.connected = connected;
        // Changes before the stream was open have no event.
        if (!connected) return;
        this.trainingEvents++;
        void this.reload();
      },
      edits: ({ version }) => {
        if (this.decisions.isNews(version)) void this.reload();
      },
      run: () => void this.reload(true),
      job: (job) => this.#jobChanged(job),
      log: ({ kind }) => {
        this.trainingEvents++;
        if (isLasting(kind)) this.#reloadSoon();
      },
    });
    this.#readUrl();
    void this.reload(true);
    return () => {
      removeEventListener('popstate', onPop);
      stop();
    };
  }

  /** Reads the run again. Columns of other images are dropped, changed ones read again. */
  async reload(all = false): Promise<void> {
    const request = ++this.#reloads;
    this.#reloadsAll ||= all;
    try {
      const run = await this.source.run();
      // A later request has the newer answer.
      if (request !== this.#reloads) return;
      const other = run.key !== this.run?.key || run.images !== this.run.images;
      const first = this.run === null;
      const names: ColumnName[] =
        this.#reloadsAll || other ? [...this.#columns.keys()] : ['cluster', 'order'];
      const fresh = await Promise.all(
        names
          .filter((name) => this.#columns.has(name))
          .map(async (name) => [name, (await this.source.column(name)).values] as const),
      );
      if (request !== this.#reloads) return;
      this.#reloadsAll = false;
      if (other) this.#paths.clear();
      this.#columns = new Map([...(other ? [] : this.#columns), ...fresh]);
      this.run = run;
      this.jobs = withJobs(this.jobs, run.jobs);
      this.failure = null;
      if (other) {
        this.selection = first ? this.#selectionOfUrl() : selectionOf(run.images);
      }
    } catch (error) {
      if (request !== this.#reloads) return;
      this.failure = asSourceError(error);
      if (this.failure.code === 'explore.noRun') this.run = null;
    }
  }

  /** Values of a column that the run has; the first call starts to load them. */
  column(name: ColumnName): ColumnValues | undefined {
    const values = this.#columns.get(name);
    if (values === undefined && this.#has(name) && !this.#loading.has(name)) {
      this.#loading.add(name);
      this.source
        .column(name)
        .then((answer) => {
          this.#columns = new Map(this.#columns).set(name, answer.values);
        })
        .catch((error) => this.say(asSourceError(error).message, 'error'))
        .finally(() => this.#loading.delete(name));
    }
    return values;
  }

  /** Returns true for a column of the run. Ranks in clusters exist with the clusters. */
  #has(name: ColumnName): boolean {
    const { columns = [], clusters = [] } = this.run ?? {};
    return (name === 'order' && clusters.length > 0) || columns.some((one) => one.name === name);
  }

  /** Path of a row, read once. */
  async path(row: Row): Promise<string> {
    const known = this.#paths.get(row);
    if (known !== undefined) return known;
    const [answer] = await this.source.paths([row]);
    this.#paths.set(row, answer?.path ?? '');
    return answer?.path ?? '';
  }

  clusterName(cluster: number): string {
    if (cluster === JUNK) return 'Junk';
    return this.clusters.get(cluster)?.name ?? `Cluster ${cluster}`;
  }

  clusterOf(row: Row): ClusterAnswer | undefined {
    return this.clusters.get(this.column('cluster')?.[row] ?? -1);
  }

  /** Changes the state. A step in the history is made unless `replace` is set. */
  go(change: Partial<PageState>, options: { replace?: boolean } = {}): void {
    this.state = { ...this.state, ...change };
    this.#writeUrl(options.replace === true);
  }

  /** Changes settings of the view, without a step in the history. */
  show(change: Partial<Spec>): void {
    this.spec = { ...this.spec, ...change };
    this.#writeUrl(true);
  }

  select(rows: Iterable<Row>, how: 'set' | 'add' | 'remove' = 'set'): void {
    this.selection =
      how === 'set'
        ? selectionOf(this.images, rows)
        : withRows(this.selection, rows, how === 'add');
    this.go({ selected: this.#selectedText() });
  }

  toggle(row: Row): void {
    this.select([row], this.selection.mask[row] === 1 ? 'remove' : 'add');
  }

  selectedRows(): Row[] {
    return rowsOf(this.selection);
  }

  /** Opens an image in full size among the rows of its list. */
  openImage(row: Row, steps: readonly Row[]): void {
    this.steps = steps;
    this.go({ open: row }, { replace: this.state.open !== null });
  }

  /** Clears the topmost of dialog, opened image, selection and filter; false if none is set. */
  escape(): boolean {
    if (this.dialog !== null) this.dialog = null;
    else if (this.state.open !== null) this.go({ open: null });
    else if (this.selection.size > 0) this.select([]);
    else if (this.state.only.length > 0) this.go({ only: [] });
    else return false;
    return true;
  }

  /** Stores operations. Where another window was first, it shows the newer clusters instead. */
  async edit(operations: readonly EditOperation[], done?: string): Promise<boolean> {
    return this.#change(
      (key, version) => this.source.edit({ key, version, operations }),
      done ?? null,
    );
  }

  /** Moves the selected images into a cluster, a new one or the junk, and clears the selection. */
  async moveSelection(to: number | 'new'): Promise<void> {
    const images = this.selectedRows();
    if (images.length === 0) return;
    const words = countWords(images.length, 'image');
    const done =
      to === JUNK
        ? await this.edit([{ type: 'junk', images, junk: true }], `${words} marked as junk`)
        : await this.edit(
            [{ type: 'move', images, to }],
            to === 'new'
              ? `${words} moved to a new cluster`
              : `${words} moved to ${this.clusterName(to)}`,
          );
    if (done) this.select([]);
  }

  /** Marks images as junk, or all of them as images again where all are junk. */
  async junk(images: readonly Row[]): Promise<boolean> {
    if (images.length === 0) return false;
    const cluster = this.column('cluster');
    const junk = images.some((row) => cluster?.[row] !== JUNK);
    const words = countWords(images.length, 'image');
    return this.edit(
      [{ type: 'junk', images, junk }],
      `${words} ${junk ? 'marked as' : 'no longer'} junk`,
    );
  }

  /** Shows the images that are most like one. */
  showLike(row: Row): void {
    this.go({ view: 'find', find: 'search', like: row, open: null });
  }

  /** Steps through the selected images in full size. */
  openSelection(): void {
    const rows = this.selectedRows();
    if (rows[0] !== undefined) this.openImage(rows[0], rows);
  }

  /** Numbers of the clusters whose images are all selected. */
  selectedClusters(): number[] {
    const { mask, size } = this.selection;
    if (size === 0) return [];
    return [...this.members]
      .filter(([cluster, rows]) => cluster >= 0 && rows.every((row) => mask[row] === 1))
      .map(([cluster]) => cluster);
  }

  /** Merges the clusters whose images are all selected into the largest of them. */
  async mergeSelected(): Promise<void> {
    const clusters = this.selectedClusters();
    const size = (cluster: number) => this.members.get(cluster)?.length ?? 0;
    const named = clusters.filter((cluster) => this.clusters.get(cluster)?.name !== undefined);
    const [into] = (named.length > 0 ? named : clusters).toSorted((a, b) => size(b) - size(a));
    if (into === undefined || clusters.length < 2) return;
    const others = clusters.filter((cluster) => cluster !== into);
    const text = `${clusters.length} clusters merged into ${this.clusterName(into)}`;
    if (await this.edit([{ type: 'merge', clusters: others, into }], text)) this.select([]);
  }

  async undo(): Promise<boolean> {
    const what = this.run?.edits.undo;
    if (what === undefined) return false;
    return this.#change((key, version) => this.source.undo({ key, version }), `Undone: ${what}`);
  }

  async redo(): Promise<boolean> {
    const what = this.run?.edits.redo;
    if (what === undefined) return false;
    return this.#change((key, version) => this.source.redo({ key, version }), `Redone: ${what}`);
  }

  async #change(
    write: (key: string, version: number) => Promise<{ version: number }>,
    done: string | null,
  ): Promise<boolean> {
    if (!this.run) return false;
    try {
      await write(this.run.key, this.run.edits.version);
      await this.reload();
      if (done) this.say(done);
      return true;
    } catch (error) {
      const { status, message } = asSourceError(error);
      if (status === CONFLICT) {
        await this.reload();
        this.say('Another window changed the clusters. They are shown now; try again.', 'error');
      } else this.say(message, 'error');
      return false;
    }
  }

  /** Starts a job and follows it; its answer, or null where it was refused. */
  async follow(start: () => Promise<JobAnswer>): Promise<JobAnswer | null> {
    try {
      const job = await start();
      this.#jobChanged(job);
      return job;
    } catch (error) {
      this.say(asSourceError(error).message, 'error');
      return null;
    }
  }

  say(text: string, kind: Toast['kind'] = 'info'): void {
    const toast = { id: ++this.#toastId, text, kind };
    this.toasts = [...this.toasts.slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), kind === 'error' ? 9000 : 4000);
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  #jobChanged(job: JobAnswer): void {
    const jobs = withJob(this.jobs, job);
    if (jobs === this.jobs) return;
    this.jobs = jobs;
    if (job.state === 'failed') this.say(job.text, 'error');
    if (job.state === 'done' && job.kind === 'train') this.say(job.text);
    if (job.state === 'done' && (job.kind === 'features' || job.kind === 'cluster')) {
      void this.reload(true);
    }
  }

  #selectedText(): string {
    const text = encodeRows(this.selectedRows());
    if (text.length <= LONGEST_SELECTED) return text;
    const key = `selected.${Date.now().toString(36)}.${this.#sessionKey++}`;
    try {
      sessionStorage.setItem(key, text);
      return `@${key}`;
    } catch {
      return '';
    }
  }

  #selectionOfUrl(): Selection {
    const { selected } = this.state;
    const text = selected.startsWith('@')
      ? (sessionStorage.getItem(selected.slice(1)) ?? '')
      : selected;
    return selectionOf(this.images, decodeRows(text, this.images));
  }

  #readUrl(): void {
    const { spec, state } = parseUrl(location.hash);
    const changed = state.selected !== this.state.selected;
    this.spec = spec;
    this.state = state;
    if (changed && this.run) this.selection = this.#selectionOfUrl();
  }

  #writeUrl(replace: boolean): void {
    const url = formatUrl(this.spec, this.state);
    if (url === location.hash) return;
    if (replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
  }
}
