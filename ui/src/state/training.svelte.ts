import type { JobAnswer, TrainOffer, TrainRequest } from '../../../src/server/protocol.ts';
import type { SourceError } from '../data/source.ts';
import type { App } from './app.svelte.ts';
import {
  changed,
  emptyForm,
  type FieldErrors,
  fieldOf,
  requestOf,
  type TrainForm,
} from './trainForm.ts';

/** The offer to train on the images of the opened run, and the training that the server runs. */
export class TrainingOffer {
  readonly #app: App;
  offer = $state.raw<TrainOffer | null>(null);
  failure = $state('');
  /** Set while this window waits for the training that it has started. */
  waiting = $state(false);
  form = $state.raw<TrainForm>(emptyForm);
  /** Sentences beside the fields that the server refuses. */
  errors = $state.raw<FieldErrors>({});
  /** Number of the job that this window has started. */
  #own = 0;
  /** Number of the last question for the offer. */
  #asked = 0;

  constructor(app: App) {
    this.#app = app;
  }

  /** Reads the offer. A training that this window has started is opened once it has begun. */
  async look(): Promise<void> {
    const { method, preset, encoder } = this.form;
    const isJudged = encoder.trim() === '';
    const asked = ++this.#asked;
    try {
      const offer = await this.#app.source.offer({
        ...(isJudged && method && { method }),
        ...(isJudged && preset && { preset }),
      });
      // A later question has the newer answer.
      if (asked !== this.#asked) return;
      this.offer = offer;
      this.failure = '';
      const { running } = offer;
      if (!this.waiting) return;
      if (running?.hasBegun) await this.watch();
      else if (!running) this.waiting = false;
    } catch (error) {
      const { message } = error as Error;
      if (!this.#showBeside(message)) this.failure = message;
    }
  }

  /** Changes the form. Sentences about the fields that change go away. */
  change(change: Partial<TrainForm>): void {
    if (!this.offer) return;
    const before = this.form;
    this.form = changed(this.offer, before, change);
    const { method, preset, encoder, minutes, epochs, by } = this.form;
    const now = { method, preset, encoder, minutes, epochs };
    const kept = Object.entries(this.errors).filter(
      ([field]) => now[field as keyof typeof now] === before[field as keyof typeof now],
    );
    this.errors = by === before.by ? Object.fromEntries(kept) : {};
    const isOther = method !== before.method || preset !== before.preset;
    if (isOther || (encoder === '') !== (before.encoder === '')) void this.look();
  }

  /** Shows a message beside the field that it is about; false where it is about none. */
  #showBeside(message: string): boolean {
    const found = fieldOf(message);
    if (found) this.errors = { ...this.errors, [found.field]: found.sentence };
    return found !== null;
  }

  /** Shows the failure of a training of this window beside the field that it is about. */
  showFailure({ id, state, text }: Pick<JobAnswer, 'id' | 'state' | 'text'>): void {
    if (state !== 'failed' || id !== this.#own) return;
    this.#own = 0;
    this.#showBeside(text);
  }

  /** Starts or resumes a training. */
  async start(request: TrainRequest): Promise<void> {
    this.waiting = true;
    try {
      const job = await this.#app.source.train(request);
      this.#own = job.id;
      await this.#app.follow(async () => job);
    } catch (error) {
      this.waiting = false;
      const { message } = error as SourceError;
      const isBeside = !('resume' in request) && this.#showBeside(message);
      if (!isBeside) this.#app.say(message, 'error');
      return;
    }
    await this.look();
  }

  /** Starts the training of the form. */
  async startForm(): Promise<void> {
    if (!this.offer) return;
    this.errors = {};
    const request = requestOf(this.form, this.offer);
    if (Number.isNaN(request.epochs)) {
      const { epochs } = this.form;
      this.errors = { epochs: `Received "${epochs}"; expected a whole number of at least 1` };
      return;
    }
    await this.start(request);
  }

  /** Opens the run that is being trained. */
  async watch(): Promise<void> {
    const { running } = this.offer ?? {};
    if (!running) return;
    this.waiting = false;
    if (!running.isOpen) await this.#app.source.open({ run: running.run });
    this.#app.go({ view: 'watch', cluster: null, open: null });
  }

  /** Ends the training after its step. The run is saved. */
  async stop(): Promise<void> {
    const { running } = this.offer ?? {};
    if (running) await this.#app.source.cancel(running.job);
  }
}
