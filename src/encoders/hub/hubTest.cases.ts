/** A cache folder and a hub for tests, with waits of milliseconds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { LikenessError } from '../../core/errors.ts';
import { reporterOf } from '../../core/reporter.ts';
import { type HubModel, type HubModelOptions, openHubModel } from './hubModel.ts';
import { type HubServer, type ServedRepo, startHub } from './hubServer.cases.ts';

export const times = {
  connect: 2000,
  idle: 1000,
  answer: 4000,
  waits: [10, 20, 30],
  longestWait: 2000,
} as const;

/** Bytes of a file that is sent in many parts. */
export const MODEL_BYTES = Uint8Array.from(
  { length: 300_000 },
  (_, i) => (i * 31 + (i >> 8)) & 255,
);

/** Compares the file of a model, in a millisecond where `toEqual` takes seconds. */
export function isModel(model: HubModel | undefined): boolean {
  return model !== undefined && readFileSync(model.path).equals(MODEL_BYTES);
}

/** A repository as hubs lay models out. */
export const usualRepo = (): ServedRepo => ({
  license: 'apache-2.0',
  files: {
    'onnx/model.onnx': { bytes: MODEL_BYTES, isLarge: true },
    'onnx/model_quantized.onnx': { bytes: MODEL_BYTES.subarray(0, 1000), isLarge: true },
    'config.json': { bytes: Buffer.from('{}') },
    'preprocessor_config.json': { bytes: Buffer.from('{"size":32}') },
    'README.md': { bytes: Buffer.from('---\nlicense: apache-2.0\n---\n# tiny\n') },
    'pytorch_model.bin': { bytes: MODEL_BYTES, isLarge: true },
  },
});

export interface OpenedModel {
  model?: HubModel;
  error?: LikenessError;
  notes: string[];
  warnings: string[];
  progress: { text: string; done?: number; total?: number }[];
}

/** Starts a hub before the tests of a file, and gives each an empty cache. */
export function useHub() {
  const made: string[] = [];
  const hub = {} as { server: HubServer; cache: string };
  const freshCache = () => {
    hub.cache = mkdtempSync(join(tmpdir(), 'likeness-hub-'));
    made.push(hub.cache);
  };
  beforeAll(async () => {
    hub.server = await startHub({ 'acme/tiny': usualRepo() });
    freshCache();
  });
  afterEach(() => {
    Object.assign(hub.server, { fault: undefined, storage: undefined, ranges: true });
    hub.server.repos['acme/tiny'] = usualRepo();
    hub.server.seen.length = 0;
    freshCache();
  });
  afterAll(async () => {
    await hub.server.close();
    for (const path of made) rmSync(path, { recursive: true, force: true });
  });
  /** Opens a model and returns it or its error, with everything that was reported. */
  async function open(
    id: string,
    {
      env,
      signal,
      onProgress,
      ...options
    }: HubModelOptions & { signal?: AbortSignal; onProgress?(text: string): void } = {},
  ): Promise<OpenedModel> {
    const seen: OpenedModel = { notes: [], warnings: [], progress: [] };
    const reporter = reporterOf({
      onNote: ({ message }) => seen.notes.push(message),
      onWarning: ({ message }) => seen.warnings.push(message),
      onProgress(event) {
        seen.progress.push(event);
        onProgress?.(event.text);
      },
      ...(signal && { signal }),
    });
    try {
      seen.model = await openHubModel(id, {
        ...{ reporter, times, ...options },
        env: {
          ...{ HF_ENDPOINT: hub.server.endpoint, HF_HUB_CACHE: hub.cache, HF_HOME: hub.cache },
          ...env,
        },
      });
    } catch (error) {
      seen.error = error as LikenessError;
    }
    return seen;
  }
  /** Number of requests for a file's bytes. */
  const downloads = (name = '') =>
    hub.server.seen.filter(({ path }) => path.includes('/resolve/') && path.endsWith(name)).length;
  return Object.assign(hub, { open, downloads });
}
