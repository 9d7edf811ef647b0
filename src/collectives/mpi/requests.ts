/** Non-blocking calls of MPI, whose completion the event loop waits for. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Value } from 'koffi';
import type { MpiLibrary } from './library.ts';

/** Milliseconds of looking at a request without a pause, and with turns of the event loop. */
const BUSY_MS = 0.05;
const TURNS_MS = 2;
/** Milliseconds of a pause after that, so that waiting ranks leave the cores to others. */
const PAUSE_MS = 1;

/**
 * Arguments of calls that are not done. MPI writes their arrays after the call has returned, so
 * they must not be collected before.
 */
const inFlight = new Set<readonly Value[]>();

/**
 * Starts a non-blocking call, whose last argument is the request, and resolves when it is done.
 *
 * A blocking call in another thread would need MPI_THREAD_SERIALIZED, and Open MPI 4 crashes when
 * a thread that called it ends after MPI_Finalize.
 */
export async function complete(
  library: MpiLibrary,
  name: string,
  parameters: string,
  ...values: Value[]
): Promise<void> {
  // A request is a pointer in Open MPI and an integer in MPICH.
  const request = new BigInt64Array(1);
  inFlight.add(values);
  try {
    library.call(name, `${parameters}p`, ...values, request);
    await untilDone(library, request);
  } finally {
    inFlight.delete(values);
  }
}

/** Looks at a request until it is done, and lets the event loop run meanwhile. */
async function untilDone(library: MpiLibrary, request: BigInt64Array): Promise<void> {
  const flag = new Int32Array(1);
  // MPI_Status has 20 to 24 bytes.
  const status = new Int32Array(16);
  const isDone = () => {
    library.call('MPI_Test', 'ppp', request, flag, status);
    return flag[0] !== 0;
  };
  const started = performance.now();
  for (;;) {
    if (isDone()) return;
    const waited = performance.now() - started;
    if (waited < BUSY_MS) continue;
    if (waited < TURNS_MS) await turn();
    else await sleep(PAUSE_MS);
  }
}
