/** Times of our functions, by sampling with V8's profiler. */
import { Session } from 'node:inspector/promises';

export interface Functions {
  /** Suffix of the path of their file, such as `cluster/neighbors.ts`. */
  file: string;
  names: readonly string[];
}

/** Sampling interval in microseconds. */
const INTERVAL = 500;

/**
 * Measures the milliseconds that this thread spends in each function, callees included, while it
 * does the work.
 */
export async function functionTimes(
  { file, names }: Functions,
  work: () => Promise<void>,
): Promise<Readonly<Record<string, number>>> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL });
    await session.post('Profiler.start');
    await work();
    const { nodes, samples = [], timeDeltas = [] } = (await session.post('Profiler.stop')).profile;
    const owners = new Map<number, string>();
    // The profile lists a node before its children.
    for (const { id, callFrame, children = [] } of nodes) {
      const { functionName, url } = callFrame;
      if (names.includes(functionName) && url.endsWith(file)) owners.set(id, functionName);
      const owner = owners.get(id);
      if (owner !== undefined) for (const child of children) owners.set(child, owner);
    }
    const found = Object.fromEntries(names.map((name) => [name, 0]));
    samples.forEach((node, i) => {
      const owner = owners.get(node);
      if (owner !== undefined) found[owner]! += timeDeltas[i]! / 1000;
    });
    return found;
  } finally {
    session.disconnect();
  }
}
