/** The terminal for one run of a comparison: its progress under the run's name, its other lines left out. */
import type { Terminal } from './terminal.ts';

export function quietTerminal(terminal: Terminal, name: string): Terminal {
  return {
    json: terminal.json,
    signal: terminal.signal,
    say: () => {},
    warn: (line) => terminal.warn(`${name}: ${line}`),
    progress: (line) => terminal.progress(`${name}: ${line}`),
    endProgress: () => {},
  };
}
