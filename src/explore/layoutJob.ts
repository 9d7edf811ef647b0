/** Computing the map of all images in a worker thread. */
import type { Reporter } from '../core/reporter.ts';
import { workerUrl } from '../core/workers.ts';
import { inWorker } from './workerJob.ts';

export interface LayoutRequest {
  /** File of the embeddings. */
  readonly file: string;
  /** Threads of the runtime. */
  readonly threads: number;
}

/**
 * Lays out all images, [N, 2] in -1 to 1. The work ends with the reporter's signal.
 *
 * @throws LikenessError `safetensors.*`, `embeddings.malformed`, and the signal's reason
 */
export function computeLayout(request: LayoutRequest, reporter: Reporter): Promise<Float32Array> {
  const url = workerUrl(import.meta.url, './layout.worker');
  return inWorker(url, request, reporter, { endedBy: 'work' });
}
