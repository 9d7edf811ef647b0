/** The terminal as commands see it: lines for people, one progress line, and one object for scripts. */
import { stripVTControlCharacters } from 'node:util';
import type { Reporter } from '../core/reporter.ts';

export interface Terminal {
  /** Whether the caller asked for one machine-readable object; lines for people then go to stderr. */
  readonly json: boolean;
  /** Ends the command early when it is aborted (Ctrl-C, SIGTERM). */
  readonly signal: AbortSignal;
  /** A line for people. */
  say(line?: string): void;
  /** A line that matters even when nobody reads the rest: on stderr. */
  warn(line: string): void;
  /** The progress line: redrawn in place on a terminal, a plain line now and then elsewhere. */
  progress(line: string): void;
  /** Ends the progress line, leaving its last state. */
  endProgress(): void;
}

export interface TerminalOptions {
  json?: boolean;
  signal?: AbortSignal;
  out?: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  err?: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
}

/** Milliseconds between two states of the progress line, on a terminal and elsewhere. */
const REDRAW = 100;
const PLAIN = 5000;

export function createTerminal({
  json = false,
  signal = new AbortController().signal,
  out = process.stdout,
  err = process.stderr,
}: TerminalOptions = {}): Terminal {
  let drawn = 0;
  let pending = '';
  let open = false;

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
    if (open) err.write('\n');
    open = false;
    pending = '';
    drawn = 0;
  }
  return {
    json,
    signal,
    say(line = '') {
      endProgress();
      (json ? err : out).write(`${line}\n`);
    },
    warn(line) {
      endProgress();
      err.write(`${line}\n`);
    },
    progress(line) {
      const now = performance.now();
      pending = stripVTControlCharacters(line);
      if (drawn !== 0 && now - drawn < (err.isTTY ? REDRAW : PLAIN)) return;
      drawn = now;
      if (err.isTTY) draw(pending);
      else err.write(`${pending}\n`);
      pending = '';
    },
    endProgress,
  };
}

/** Reports to a terminal: progress on its progress line, notes and warnings as lines. */
export function terminalReporter(terminal: Terminal): Reporter {
  return {
    progress: ({ text }) => terminal.progress(text),
    note: ({ message }) => terminal.say(message),
    warn: ({ message }) => terminal.warn(message),
    signal: terminal.signal,
  };
}
