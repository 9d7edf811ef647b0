/** The PyTorch peer as a child process: requests and answers are lines of JSON. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./pytorch/step.py', import.meta.url));
const PYTHON = ['/usr/bin/python3', 'python3'];

export interface PeerOptions {
  stem: string;
  size: number;
  width: number;
  batch: number;
  format: 'contiguous' | 'channels_last';
  threads: number;
}

export interface Peer {
  /** What it said of itself when it started. */
  readonly about: Record<string, unknown>;
  ask(request: object): Promise<Record<string, unknown>>;
  close(): void;
}

/** The first Python that has torch; undefined where none has. */
export function pythonWithTorch(): string | undefined {
  return PYTHON.find((python) => spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0);
}

/** Starts the peer for one row and one memory format. */
export async function openPeer(python: string, options: PeerOptions): Promise<Peer> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function answer(): Promise<Record<string, unknown>> {
    const { value, done } = await lines.next();
    if (done) throw new Error('the PyTorch peer ended without an answer');
    const parsed = JSON.parse(value) as Record<string, unknown>;
    if (parsed.error !== undefined) throw new Error(`the PyTorch peer: ${parsed.error}`);
    return parsed;
  }
  const about = await answer();
  return {
    about,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    close: () => child.stdin.end(),
  };
}
