/** Reporter for one run of a comparison. */
import type { Reporter } from '../core/reporter.ts';

/** Puts the run's name before its progress and warnings, and drops its notes. */
export function childReporter(reporter: Reporter, name: string): Reporter {
  return {
    progress: (event) => reporter.progress({ ...event, text: `${name}: ${event.text}` }),
    note: () => {},
    warn: (notice) => reporter.warn({ ...notice, message: `${name}: ${notice.message}` }),
    signal: reporter.signal,
  };
}
