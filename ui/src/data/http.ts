import {
  type EventData,
  headers,
  type JobAnswer,
  type PathAnswer,
  type Row,
} from '../../../src/server/protocol.ts';
import { type ColumnValues, type Keyed, type RunSource, SourceError } from './source.ts';

/** Rows of one request for paths, the most that the server takes. */
const PATHS_AT_ONCE = 2000;

/** Writes a query without its empty parts, but for the words. */
function searchQuery({ q, folder }: { q: string; folder: string }): string {
  return String(new URLSearchParams({ q, ...(folder !== '' && { folder }) }));
}

/** Reads the run of the server that the page comes from. The token is that of its meta tag. */
export function createHttp(token: string): RunSource {
  async function call(path: string, init?: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`/api/${path}`, init);
    } catch {
      throw new SourceError(
        0,
        'page.offline',
        'The server does not answer. Start likeness explore again.',
      );
    }
    if (response.ok) return response;
    const answer = await response.json().catch(() => null);
    const { code, message } = answer?.error ?? {};
    throw new SourceError(response.status, code ?? 'page.status', message ?? response.statusText);
  }
  const read = async <T>(path: string) => (await call(path)).json() as Promise<T>;
  async function write<T>(path: string, body: unknown): Promise<T> {
    const response = await call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [headers.token]: token },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }
  async function binary(response: Response): Promise<Keyed<ColumnValues>> {
    const bytes = await response.arrayBuffer();
    const dtype = response.headers.get(headers.dtype);
    const values =
      dtype === 'int32'
        ? new Int32Array(bytes)
        : dtype === 'float64'
          ? new Float64Array(bytes)
          : new Float32Array(bytes);
    return { key: response.headers.get(headers.key) ?? '', values };
  }

  return {
    runs: () => read('runs'),
    open: (request) => write('open', request),
    run: () => read('run'),
    column: async (name) => binary(await call(`columns/${name}`)),
    async layout(step) {
      const response = await call(`layouts/${step}`);
      if (response.status === 202) return (await response.json()) as JobAnswer;
      return (await binary(response)) as Keyed<Float32Array>;
    },
    async paths(rows) {
      const parts: PathAnswer[] = [];
      for (let i = 0; i < rows.length; i += PATHS_AT_ONCE) {
        const some = rows.slice(i, i + PATHS_AT_ONCE).join(',');
        parts.push(...(await read<PathAnswer[]>(`paths?rows=${some}`)));
      }
      return parts;
    },
    why: (row) => read(`why/${row}`),
    async similar(image: Row | Blob, count) {
      if (typeof image === 'number') return read(`similar/${image}?n=${count}`);
      const response = await call(`similar?n=${count}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', [headers.token]: token },
        body: image,
      });
      return response.json();
    },
    search: (query, folder) => read(`search?${searchQuery({ q: query, folder })}`),
    duplicates: ({ threshold, keep, prefer }) => {
      const query = { threshold: String(threshold), keep, ...(prefer !== '' && { prefer }) };
      return read(`duplicates?${new URLSearchParams(query)}`);
    },
    duplicateImages: () => read('duplicates/images'),
    findDuplicates: (key) => write('duplicates', { key }),
    outliers: () => read('outliers'),
    picture: (row, side) => `/api/pictures/${row}?side=${side}`,
    original: (row) => `/api/originals/${row}`,
    edit: (request) => write('edits', request),
    undo: (request) => write('undo', request),
    redo: (request) => write('redo', request),
    split: (request) => write('split', request),
    takeAway: (request) => write('takeaway', request),
    restore: (folder) => write('restore', { folder }),
    cancel: (job) => write(`jobs/${job}/cancel`, {}),
    cluster: (request) => write('cluster', request),
    training: () => read('training'),
    offer: (chosen) => {
      const query = new URLSearchParams(chosen).toString();
      return read(query ? `train?${query}` : 'train');
    },
    train: (request) => write('train', request),
    hierarchy: () => read('hierarchy'),
    leaves: async () => binary(await call('hierarchy/leaves')),
    moments: () => read('moments'),
    moment: (step) => read(`moments/${step}`),
    views: (epoch) => read(`views?epoch=${epoch}`),
    compare: (run) => read(`compare?run=${encodeURIComponent(run)}`),
    listen(listeners) {
      const events = new EventSource('/api/events?from=end');
      const names: (keyof EventData)[] = ['log', 'edits', 'job', 'run'];
      for (const name of names) {
        events.addEventListener(name, (event) => {
          const listener = listeners[name] as ((data: unknown) => void) | undefined;
          listener?.(JSON.parse((event as MessageEvent<string>).data));
        });
      }
      events.addEventListener('open', () => listeners.connected?.(true));
      events.addEventListener('error', () => listeners.connected?.(false));
      return () => events.close();
    },
  };
}
