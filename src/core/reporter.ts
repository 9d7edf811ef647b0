/**
 * The line between work and whoever watches it: progress, notes, warnings, and the wish to stop.
 */

/**
 * State of a long stage of work.
 *
 * Of events with the same stage `done` never falls and `total` stays, until an event without `done`
 * or with `done` 0 begins the next part, such as the features of another encoder.
 */
export interface ProgressEvent {
  /** Stable name of the stage, such as `decode`, `embed` or `kmeans`. */
  readonly stage: string;
  /** Line for people, such as `decoding 120 of 3,068 images`. */
  readonly text: string;
  /** Items done, where the stage counts them. */
  readonly done?: number;
  /** Items in all, where the stage knows them. */
  readonly total?: number;
}

/** Sentence for people, with a stable code for programs. */
export interface Notice {
  /** Stable identifier of the kind of notice, such as `images.skipped`. */
  readonly code: string;
  readonly message: string;
}

/** Receives what happens during a long function. Nothing below the command line prints. */
export interface Reporter {
  progress(event: ProgressEvent): void;
  /** Takes a fact worth knowing, such as the preset that was chosen and its reason. */
  note(notice: Notice): void;
  /** Takes a fact that the person should act on, such as skipped files. */
  warn(notice: Notice): void;
  /** Ends the work early once it is aborted. */
  readonly signal: AbortSignal;
}

/** Callbacks as callers of the library pass them. */
export interface ReporterOptions {
  /** Called now and then during long stages. */
  onProgress?(event: ProgressEvent): void;
  /** Called with facts worth knowing. */
  onNote?(notice: Notice): void;
  /** Called with facts that the person should act on. */
  onWarning?(notice: Notice): void;
  /**
   * Ends the work early; the function rejects with the signal's reason unless it says otherwise.
   */
  signal?: AbortSignal;
}

/** Builds a reporter from a caller's callbacks; absent ones drop what they would receive. */
export function reporterOf({
  onProgress = () => {},
  onNote = () => {},
  onWarning = () => {},
  signal = new AbortController().signal,
}: ReporterOptions = {}): Reporter {
  return { progress: onProgress, note: onNote, warn: onWarning, signal };
}

/** Drops everything and never aborts. */
export const silent: Reporter = reporterOf();
