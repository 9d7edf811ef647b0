/** Peers in Python as child processes; requests and answers are lines of JSON. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { largestOfFamily } from './memory.ts';

const PYTHON = ['/usr/bin/python3', 'python3'];

export interface PeerOptions {
  /** Script in this folder. */
  script: string;
  /** Options of the script. */
  options: Readonly<Record<string, string | number>>;
}

export interface Peer {
  /** Versions of its libraries, reported at the start. */
  readonly versions: Readonly<Record<string, string>>;
  ask(request: object): Promise<Record<string, unknown>>;
  /**
   * Peak resident memory in MB, with its child processes; null where the system does not report it.
   */
  megabytes(): number | null;
  /** Ends the process and waits for its exit. */
  close(): Promise<void>;
}

/** Finds the first Python with a package; undefined where there is none. */
export function pythonWith(
  name: 'torch' | 'torchvision' | 'sklearn' | 'mpi4py',
): string | undefined {
  return PYTHON.find(
    (python) => spawnSync(python, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0,
  );
}

/** Starts a peer for the work and always ends it. */
export async function withPeer<T>(
  python: string,
  options: PeerOptions,
  work: (peer: Peer) => Promise<T>,
): Promise<T> {
  const peer = await openPeer(python, options);
  try {
    return await work(peer);
  } finally {
    await peer.close();
  }
}

/** Starts a peer. */
export async function openPeer(python: string, { script, options }: PeerOptions): Promise<Peer> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(python, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function answer(): Promise<Record<string, unknown>> {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the peer ${script} ended without an answer`);
    const parsed = JSON.parse(value) as Record<string, unknown>;
    if (parsed.error !== undefined) throw new Error(`the peer ${script}: ${parsed.error}`);
    return parsed;
  }
  const { versions = {} } = (await answer()) as Partial<Pick<Peer, 'versions'>>;
  return {
    versions,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    megabytes: () => (child.pid === undefined ? null : largestOfFamily(child.pid)),
    close() {
      child.stdin.end();
      return gone;
    },
  };
}

/**
 * Computes the largest difference between our values and a peer's, relative to the largest of its
 * values.
 */
export function differenceOf(own: ArrayLike<number>, theirs: readonly number[]): number {
  let [largest, scale] = [0, 0];
  theirs.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value - own[i]!));
    scale = Math.max(scale, Math.abs(value));
  });
  return largest / scale;
}
