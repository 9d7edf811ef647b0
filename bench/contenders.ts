/** What takes turns: our engine, code of ours in this process, and peers in processes of their own. */
import type { Engine } from '../src/runtime/index.ts';
import { largestResident, resetPeak } from './memory.ts';
import type { Peer } from './peer.ts';
import type { Contender } from './turns.ts';

/** Our side on an engine that is opened for each turn; `prepare` gives what is timed. */
export function onEngine(
  open: () => Promise<Engine>,
  prepare: (engine: Engine) => Promise<() => Promise<unknown>>,
): Contender {
  return {
    name: 'likeness',
    async enter() {
      const isReset = resetPeak();
      const engine = await open();
      const once = await prepare(engine);
      return {
        run: (times) => timed(once, times),
        megabytes: () => (isReset ? largestResident() : null),
        leave: () => engine.close(),
      };
    },
  };
}

/** Our side where it needs nothing to be opened. */
export function inProcess(once: () => Promise<unknown>): Contender {
  return {
    name: 'likeness',
    async enter() {
      const isReset = resetPeak();
      return {
        run: (times) => timed(once, times),
        megabytes: () => (isReset ? largestResident() : null),
        leave: async () => {},
      };
    },
  };
}

export interface PeerContenderOptions {
  name: string;
  /** Starts the process. */
  open(): Promise<Peer>;
  /** Name of the request for the milliseconds of so many runs. */
  request?: string;
}

/** A peer that is started for each turn. */
export function peerContender({ name, open, request = 'times' }: PeerContenderOptions): Contender {
  return {
    name,
    async enter() {
      const peer = await open();
      return {
        run: async (times) => ((await peer.ask({ [request]: times })) as { ms: number[] }).ms,
        megabytes: () => peer.megabytes(),
        leave: () => peer.close(),
      };
    },
  };
}

async function timed(once: () => Promise<unknown>, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await once();
    found.push(performance.now() - start);
  }
  return found;
}
