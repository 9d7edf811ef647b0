/** Questions about the features of a clustering, answered by a worker thread. */
import { Worker } from 'node:worker_threads';
import type { Features } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { workerUrl } from '../core/workers.ts';
import type { SimilarOptions, SimilarRows, Typicality } from './featureMath.ts';

export type FeatureQuestion =
  | ({ readonly kind: 'similar'; readonly vector: Float32Array } & SimilarOptions)
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'rows'; readonly rows: Int32Array }
  | { readonly kind: 'typicality'; readonly assigned: Int32Array };

export interface FeatureReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface FeatureServer {
  /** Finds the rows that are most similar to a vector [D]. */
  similar(vector: Float32Array, options: SimilarOptions): Promise<SimilarRows>;
  /** Reads the feature of a row, [D]. */
  row(row: number): Promise<Float32Array>;
  /** Reads the features of rows, [n, D]. */
  rows(rows: Int32Array): Promise<Features>;
  /** Ranks the members of clusters. */
  typicality(assigned: Int32Array): Promise<Typicality>;
  close(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Opens embeddings.safetensors in a worker, so that no question blocks the server.
 *
 * Every question is rejected with `safetensors.*` or `embeddings.malformed` where the file cannot
 * be read, and with `explore.closed` after `close`.
 */
export function openFeatureServer(file: string): FeatureServer {
  let worker: Worker | undefined;
  let closed = false;
  let next = 0;
  const waiting = new Map<number, Waiting>();

  function end(error: Error): void {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  /** Starts the worker with the first question. */
  function started(): Worker {
    if (worker) return worker;
    worker = new Worker(workerUrl(import.meta.url, './features.worker'), { workerData: { file } });
    worker.unref();
    worker.on('message', ({ id, value, error }: FeatureReply) => {
      const question = waiting.get(id);
      waiting.delete(id);
      if (error) question?.reject(new LikenessError(error.code, error.message));
      else question?.resolve(value);
    });
    worker.on('error', end);
    return worker;
  }
  function ask<T>(question: FeatureQuestion): Promise<T> {
    if (closed) {
      return Promise.reject(new LikenessError('explore.closed', 'the run was closed meanwhile'));
    }
    const id = next++;
    return new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      started().postMessage({ id, question });
    }) as Promise<T>;
  }
  return {
    similar: (vector, options) => ask({ kind: 'similar', vector, ...options }),
    row: (row) => ask({ kind: 'row', row }),
    rows: (rows) => ask({ kind: 'rows', rows }),
    typicality: (assigned) => ask({ kind: 'typicality', assigned }),
    async close() {
      closed = true;
      end(new LikenessError('explore.closed', 'the run was closed meanwhile'));
      await worker?.terminate();
    },
  };
}
