import type { TrainOffer, TrainRequest } from '../../../src/server/protocol.ts';
import type { App } from './app.svelte.ts';

/** The offer to train on the images of the opened run, and the training that the server runs. */
export class TrainingOffer {
  readonly #app: App;
  offer = $state.raw<TrainOffer | null>(null);
  failure = $state('');
  /** Set while this window waits for the training that it has started. */
  waiting = $state(false);

  constructor(app: App) {
    this.#app = app;
  }

  /** Reads the offer. A training that this window has started is opened once it has begun. */
  async look(): Promise<void> {
    try {
      const offer = await this.#app.source.offer();
      this.offer = offer;
      this.failure = '';
      const { running } = offer;
      if (!this.waiting) return;
      if (running?.hasBegun) await this.watch();
      else if (!running) this.waiting = false;
    } catch (error) {
      this.failure = (error as Error).message;
    }
  }

  /** Starts or resumes a training. */
  async start(request: TrainRequest): Promise<void> {
    this.waiting = true;
    const job = await this.#app.follow(() => this.#app.source.train(request));
    if (job === null) this.waiting = false;
    await this.look();
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
