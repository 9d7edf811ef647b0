/**
 * Contenders of a benchmark: our engine and the peers, each in a process of its own, and our code
 * in this process.
 */
import { largestOfFamily, largestResident, resetPeak } from './memory.ts';
import { openPeer, type Peer } from './peer.ts';
import type { Contender } from './turns.ts';

export interface OwnOptions {
  /** Benchmark in this folder whose `prepare` creates the work. */
  module: string;
  /** Arguments of `prepare`. */
  args: object;
  /** Default: all cores. */
  threads?: number;
}

/** Creates our contender on an engine in a process of its own. */
export function ownContender({ module, args, threads }: OwnOptions): Contender {
  const options = { module, args: JSON.stringify(args), ...(threads !== undefined && { threads }) };
  return peerContender({
    name: 'likeness',
    open: () => openPeer(process.execPath, { script: './own.ts', options }),
  });
}

/**
 * Creates our contender for work without an engine.
 *
 * @param once one run. It calls `sample` while processes that it started are at their peak memory.
 */
export function inProcess(once: (sample: () => void) => Promise<unknown>): Contender {
  return {
    name: 'likeness',
    async enter() {
      const isReset = resetPeak();
      let sampled = 0;
      const sample = () => {
        sampled = Math.max(sampled, largestOfFamily(process.pid) ?? 0);
      };
      return {
        async run(times) {
          const found: number[] = [];
          for (let i = 0; i < times; i++) {
            const start = performance.now();
            await once(sample);
            found.push(performance.now() - start);
          }
          return found;
        },
        versions: {},
        megabytes: () => (isReset ? Math.max(sampled, largestResident() ?? 0) : null),
        leave: async () => {},
      };
    },
  };
}

export interface PeerContenderOptions {
  name: string;
  /** Starts the process. */
  open(): Promise<Peer>;
  /** Name of the request for the milliseconds of n runs. */
  request?: string;
}

/** Creates a contender whose peer is started for each round. */
export function peerContender({ name, open, request = 'times' }: PeerContenderOptions): Contender {
  return {
    name,
    async enter() {
      const peer = await open();
      return {
        run: async (times) => ((await peer.ask({ [request]: times })) as { ms: number[] }).ms,
        versions: peer.versions,
        megabytes: () => peer.megabytes(),
        leave: () => peer.close(),
      };
    },
  };
}
