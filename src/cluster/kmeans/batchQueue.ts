/** Where rows wait for one kind of work of the engine, until there are as many as it does at once. */
import type { KmeansRun } from './scorer.ts';

export interface Station {
  readonly waiting: Waiting;
  /** Most rows at once. */
  readonly size: number;
  /** Has the engine do its work for rows of a run; what it resolves to takes in what was found. */
  ask(run: KmeansRun, rows: Int32Array): Promise<() => void>;
}

/** Rows whose turn has come. */
export interface Turn {
  readonly station: Station;
  readonly rows: Int32Array;
}

/** Turns of the stations where enough rows wait. */
export function* fullTurns(stations: readonly Station[]): Generator<Turn> {
  for (const station of stations) {
    while (station.waiting.length >= station.size) yield turnOf(station);
  }
}

/** Turns of all rows that wait. */
export function* lastTurns(stations: readonly Station[]): Generator<Turn> {
  for (const station of stations) {
    while (station.waiting.length > 0) yield turnOf(station);
  }
}

const turnOf = (station: Station): Turn => ({ station, rows: station.waiting.take(station.size) });

/** Numbers of rows in the order in which they came, each at most once. */
export class Waiting {
  readonly #rows: Int32Array;
  #from = 0;
  #to = 0;

  constructor(most: number) {
    this.#rows = new Int32Array(most);
  }

  get length(): number {
    return this.#to - this.#from;
  }

  clear(): void {
    this.#from = 0;
    this.#to = 0;
  }

  add(row: number): void {
    this.#rows[this.#to++] = row;
  }

  /** Up to `most` of them, to be read before the list is cleared. */
  take(most: number): Int32Array {
    const taken = this.#rows.subarray(this.#from, Math.min(this.#to, this.#from + most));
    this.#from += taken.length;
    return taken;
  }
}
