/** Processes that `mpirun` starts, whose first rank prints lines of JSON. */
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

/** Tells if `mpirun` is there. */
export function hasMpirun(): boolean {
  return spawnSync('mpirun', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Waiting ranks that share a core must not keep it from the others. */
const yielding = { OMPI_MCA_mpi_yield_when_idle: '1' };

/**
 * Runs a command on some ranks and returns the objects that they print.
 *
 * @throws Error with what the ranks wrote on stderr, where they fail
 */
export async function onRanks<T>(ranks: number, command: readonly string[]): Promise<T[]> {
  const isCrowded = ranks > availableParallelism();
  const child = spawn(
    'mpirun',
    ['--allow-run-as-root', '--oversubscribe', '-n', String(ranks), ...command],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...(isCrowded && yielding) } },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const found: T[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) found.push(JSON.parse(line) as T);
  }
  const code = await ended;
  if (code === 0) return found;
  throw new Error(`mpirun ended with code ${code}: ${errors.trim()}`);
}
