/**
 * The terminal as commands see it: lines for people, one progress line, and one object for scripts.
 */
import type { Notice, ProgressEvent, ReporterOptions } from '../core/reporter.ts';
import { forTerminal, showDuration } from '../core/text.ts';

export interface Terminal {
  /** Marks a caller that reads one machine-readable object. Lines for people then go to stderr. */
  readonly json: boolean;
  /** Command line as a person typed it, for results that name it; absent in tests. */
  readonly command?: string;
  /** Ends the command early when it is aborted (Ctrl-C, SIGTERM). */
  readonly signal: AbortSignal;
  /** Prints a line for people. */
  say(line?: string): void;
  /** Prints a line on stderr, for what matters even if nobody reads the rest. */
  warn(line: string): void;
  /** Redraws the progress line on a terminal, or prints a plain line now and then elsewhere. */
  progress(line: string): void;
  /** Ends the progress line, leaving its last state. */
  endProgress(): void;
  /**
   * Shows how long the current stage has reported nothing, from two seconds on, so that no work is
   * silent. Returns a function that ends this.
   */
  showWaits(): () => void;
  /** Prints nothing from now on, as for ranks that leave printing to rank 0. */
  mute(): void;
  /** True after {@link mute}. */
  readonly isMuted: boolean;
  /** Shows no wait until the next report, for a command that serves and has nothing to do. */
  rest(): void;
  /**
   * Callbacks for functions of the library: progress on the progress line, notes and warnings as
   * lines.
   */
  readonly watch: Required<ReporterOptions>;
  /** Rewrites a message of the library in the words of the command line. */
  rewrite(message: string): string;
}

export interface TerminalOptions {
  json?: boolean;
  command?: string;
  signal?: AbortSignal;
  /** Rewrites messages of the library, such as option names as flags. */
  rewrite?(message: string): string;
  out?: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  err?: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
}

/** Milliseconds between two states of the progress line, on a terminal and elsewhere. */
const REDRAW = 100;
const PLAIN = 5000;
/** Milliseconds without a report after which the line shows the time, and between two looks. */
const QUIET = 2000;
const LOOK = 1000;
/** Line before any stage has reported. */
const UNNAMED = 'working';

export function createTerminal({
  json = false,
  command,
  signal = new AbortController().signal,
  rewrite = (message) => message,
  out = process.stdout,
  err = process.stderr,
}: TerminalOptions = {}): Terminal {
  let drawn = 0;
  let pending = '';
  let open = false;
  let resting = false;
  let muted = false;
  /** Last report of the current stage, and when it came. */
  let stage = UNNAMED;
  let reported = performance.now();

  function draw(line: string): void {
    const width = (err.columns ?? 80) - 1;
    err.write(`\r\x1b[2K${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
    open = true;
  }
  function endProgress(): void {
    if (pending !== '') {
      if (err.isTTY) draw(pending);
      else err.write(`${pending}\n`);
    }
    // A line that names no stage is worth nothing afterwards.
    if (open) err.write(err.isTTY && stage === UNNAMED ? '\r\x1b[2K' : '\n');
    open = false;
    pending = '';
    drawn = 0;
    stage = UNNAMED;
    reported = performance.now();
  }
  function say(line = ''): void {
    if (muted) return;
    endProgress();
    (json ? err : out).write(`${forTerminal(line)}\n`);
  }
  function warn(line: string): void {
    if (muted) return;
    endProgress();
    err.write(`${forTerminal(line)}\n`);
  }
  function progress(line: string): void {
    if (muted) return;
    const now = performance.now();
    pending = forTerminal(line).replaceAll('\n', ' ');
    stage = pending;
    reported = now;
    resting = false;
    if (drawn !== 0 && now - drawn < (err.isTTY ? REDRAW : PLAIN)) return;
    drawn = now;
    if (err.isTTY) draw(pending);
    else err.write(`${pending}\n`);
    pending = '';
  }
  function showWait(): void {
    if (resting || muted) return;
    const now = performance.now();
    const waited = now - reported;
    if (now - drawn < (err.isTTY ? REDRAW : PLAIN)) return;
    // A report that came too soon after another is shown now.
    const isWaiting = waited >= (err.isTTY ? QUIET : PLAIN);
    if (!isWaiting && pending === '') return;
    const line = isWaiting ? `${stage} (${showDuration(waited / 1000)})` : pending;
    drawn = now;
    pending = '';
    if (err.isTTY) draw(line);
    else err.write(`${line}\n`);
  }
  function showWaits(): () => void {
    reported = performance.now();
    const timer = setInterval(showWait, LOOK);
    timer.unref?.();
    return () => clearInterval(timer);
  }
  function mute(): void {
    endProgress();
    muted = true;
  }
  function rest(): void {
    endProgress();
    resting = true;
  }
  const watch = {
    onProgress: ({ text }: ProgressEvent) => progress(text),
    onNote: ({ message }: Notice) => say(rewrite(message)),
    onWarning: ({ message }: Notice) => warn(rewrite(message)),
    signal,
  };
  return {
    ...{ json, command, signal, say, warn, progress, endProgress, showWaits, rest, watch },
    rewrite,
    mute,
    get isMuted() {
      return muted;
    },
  };
}
