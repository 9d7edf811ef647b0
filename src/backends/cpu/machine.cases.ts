import type { Target } from '../../compile/index.ts';
import { openCpu } from './cpu.ts';

/** The CPU of this machine with several threads, as the compiler sees it. */
export async function machineTarget(): Promise<Target> {
  const backend = await openCpu({ threads: 2 });
  await backend.close();
  return backend.target();
}
