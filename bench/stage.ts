/** What a benchmark works with: an engine that remembers its formulations, peers, and a folder for what they exchange. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir } from '../src/data/index.ts';
import { openPlanStore } from '../src/run/index.ts';
import { type Engine, openEngine, runtimeVersion } from '../src/runtime/index.ts';
import { openPeer, type Peer, type PeerOptions } from './peer.ts';

export interface Stage {
  engine: Engine;
  /** Threads of the engine, and for the peers. */
  threads: number;
  /** Removed afterwards. */
  folder: string;
  /** Starts a peer that is closed with the rest. */
  open(python: string, options: PeerOptions): Promise<Peer>;
}

/** Runs the work on a stage that is cleared afterwards, whatever happens. */
export async function onStage<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
  const threads = availableParallelism();
  const folder = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  const store = openPlanStore(defaultCacheDir(), { threads, runtime: runtimeVersion });
  const engine = await openEngine({ threads, tuning: 'measure', remembered: store });
  const peers: Peer[] = [];
  try {
    return await work({
      ...{ engine, threads, folder },
      async open(python, options) {
        const peer = await openPeer(python, options);
        peers.push(peer);
        return peer;
      },
    });
  } finally {
    for (const peer of peers) peer.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
