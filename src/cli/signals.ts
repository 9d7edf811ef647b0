/** Signals that end a command. */
import { cleanUp, isUnsaved } from '../core/ending.ts';

/** Signals that ask a process to end. A closed terminal sends SIGHUP. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Milliseconds that a command has for its own end, unless it has something to save. */
const GRACE_MS = 1500;

export interface SignalOptions {
  /** Called at the first signal, which asks the command to end. */
  onFirst(signal: NodeJS.Signals): void;
  /** Called where a command has to save first, which may take longer. */
  onSaving(signal: NodeJS.Signals): void;
  /** Called before the process is ended from outside the command. */
  onForced(signal: NodeJS.Signals): void;
}

/**
 * Ends a command on a signal, whatever it waits for.
 *
 * The first signal asks the command to end. Where it has not ended after a moment and has nothing
 * to save, the process ends by that signal. A second signal ends the process at once.
 *
 * @returns a function that ends the watch
 */
export function watchSignals({ onFirst, onSaving, onForced }: SignalOptions): () => void {
  let first: NodeJS.Signals | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wasUnsaved = false;

  function onSignal(signal: NodeJS.Signals): void {
    if (first !== undefined) endBy(signal);
    first = signal;
    onFirst(signal);
    wasUnsaved = isUnsaved();
    if (wasUnsaved) onSaving(signal);
    timer = setTimeout(check, GRACE_MS);
  }
  function check(): void {
    // After saving, a command has the same moment to say what it saved.
    if (isUnsaved() || wasUnsaved) {
      wasUnsaved = isUnsaved();
      timer = setTimeout(check, GRACE_MS);
      return;
    }
    onForced(first!);
    endBy(first!);
  }
  for (const signal of ENDING) process.on(signal, onSignal);
  return () => {
    clearTimeout(timer);
    for (const signal of ENDING) process.off(signal, onSignal);
  };
}

/**
 * Ends this process by a signal, as if it did not handle it. `process.exit` would wait for threads
 * that compute.
 */
export function endBy(signal: NodeJS.Signals): never {
  cleanUp();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Windows has no signals of its own; its kill has ended the process already.
  process.exit();
}
