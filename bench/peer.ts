/** A peer in Python as a child process: requests and answers are lines of JSON. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { largestOfFamily } from './memory.ts';

const PYTHON = ['/usr/bin/python3', 'python3'];

export interface PeerOptions {
  /** Script in this folder. */
  script: string;
  /** Its options. */
  options: Readonly<Record<string, string | number>>;
}

export interface Peer {
  /** Its libraries with their versions, as it said when it started. */
  readonly versions: Readonly<Record<string, string>>;
  ask(request: object): Promise<Record<string, unknown>>;
  /**
   * Largest resident memory so far, with that of processes it has started, in MB; null where the
   * system does not tell.
   */
  megabytes(): number | null;
  /** Ends it; resolves when its process is gone. */
  close(): Promise<void>;
}

/** The first Python that has a package; undefined where none has. */
export function pythonWith(name: 'torch' | 'torchvision' | 'sklearn'): string | undefined {
  return PYTHON.find(
    (python) => spawnSync(python, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0,
  );
}

/** Starts a peer, gives it to the work and ends it, whatever happens. */
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

/** Largest difference of our values from a peer's, over the largest of those. */
export function differenceOf(own: ArrayLike<number>, theirs: readonly number[]): number {
  let [largest, scale] = [0, 0];
  theirs.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value - own[i]!));
    scale = Math.max(scale, Math.abs(value));
  });
  return largest / scale;
}
