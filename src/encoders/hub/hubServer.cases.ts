/** A small hub on the loopback interface, with the faults of the network and of others. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = `${'a'.repeat(39)}1`;

export interface ServedFile {
  bytes: Uint8Array;
  /** Large files are stored beside git, with a SHA-256. */
  isLarge?: boolean;
  /** Checksum and size that the listing states in place of the true ones. */
  listed?: { checksum?: string; size?: number };
}

export interface ServedRepo {
  /** Files by name. */
  files: Record<string, ServedFile>;
  commit?: string;
  license?: string;
  /** Model that the card names as the origin. */
  base?: string;
  /** Further names in the listing. */
  names?: string[];
  /** Token that is needed. */
  token?: string;
  isGated?: boolean;
}

export interface SeenRequest {
  method: string;
  path: string;
  range?: string;
  authorization?: string;
  host: string;
}

/** A fault that takes one request; false leaves it to the server. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  bytes?: Uint8Array,
) => boolean;

export interface HubServer {
  readonly endpoint: string;
  readonly repos: Record<string, ServedRepo>;
  readonly seen: SeenRequest[];
  /** Address of another host, to which files are redirected; undefined sends them directly. */
  storage?: string;
  /** Fault of each request. */
  fault?: Fault;
  /** False for a server that ignores ranges. */
  ranges: boolean;
  close(): Promise<void>;
}

/** Starts a hub. */
export async function startHub(repos: Record<string, ServedRepo> = {}): Promise<HubServer> {
  const state = { repos, seen: [] as SeenRequest[], ranges: true } as Omit<HubServer, 'close'> & {
    endpoint: string;
  };
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const path = decodeURIComponent(url);
    state.seen.push({
      ...{ method, path, host: headers.host ?? '' },
      ...(headers.range !== undefined && { range: headers.range }),
      ...(headers.authorization !== undefined && { authorization: headers.authorization }),
    });
    response.on('error', () => {});
    answer(state, request, response, path);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  state.endpoint = `http://127.0.0.1:${port}`;
  return Object.assign(state, {
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function answer(
  state: Omit<HubServer, 'close'>,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  const [, stored] = /^\/stored\/(.*)$/.exec(path) ?? [];
  if (stored !== undefined) {
    const [name, ...rest] = stored.split('|');
    const file = state.repos[name!]!.files[rest.join('|')]!;
    sendFile(state, request, response, file.bytes);
    return;
  }
  if (state.fault?.(request, response)) return;
  const [, name, kind, rest = ''] =
    /^(?:\/api\/models)?\/([\w.-]+\/[\w.-]+)\/(revision|paths-info|resolve)\/([^?]*)/.exec(path) ??
    [];
  const repo = name === undefined ? undefined : state.repos[name];
  const isAllowed = repo?.token === undefined || bearer(request) === repo.token;
  if (!repo || !isAllowed) {
    const status = bearer(request) === undefined ? 401 : 404;
    fail(response, status, status === 404 ? 'RepoNotFound' : undefined);
    return;
  }
  if (repo.isGated) {
    fail(response, 403, 'GatedRepo');
    return;
  }
  const commit = repo.commit ?? COMMIT;
  const [revision, ...names] = rest.split('/');
  if (![commit, 'main', 'HEAD'].includes(revision!)) {
    fail(response, 404, 'RevisionNotFound');
    return;
  }
  if (kind === 'revision') {
    const listed = [...Object.keys(repo.files), ...(repo.names ?? [])];
    json(response, {
      ...{ _id: '1', id: name, sha: commit, private: false, gated: false, likes: 0, downloads: 0 },
      lastModified: '2026-01-01T00:00:00.000Z',
      tags: ['onnx', ...(repo.license ? [`license:${repo.license}`] : [])],
      cardData: { ...(repo.base && { base_model: repo.base }) },
      siblings: listed.map((rfilename) => ({ rfilename })),
    });
  } else if (kind === 'paths-info') {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const { paths } = JSON.parse(text) as { paths: string[] };
      json(
        response,
        paths.flatMap((file) => entryOf(repo, file)),
      );
    });
  } else {
    const file = names.join('/');
    const found = repo.files[file];
    if (!found) {
      fail(response, 404, 'EntryNotFound');
      return;
    }
    if (state.storage && found.isLarge) {
      response.writeHead(302, {
        location: `${state.storage}/stored/${encodeURIComponent(`${name}|${file}`)}`,
      });
      response.end();
      return;
    }
    sendFile(state, request, response, found.bytes);
  }
}

function entryOf(repo: ServedRepo, path: string): object[] {
  const file = repo.files[path];
  if (!file) return [];
  const { bytes, isLarge, listed } = file;
  const size = listed?.size ?? bytes.length;
  const git = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return [
    {
      ...{ type: 'file', path, size, oid: isLarge ? git : (listed?.checksum ?? git) },
      ...(isLarge && { lfs: { oid: listed?.checksum ?? sha256, size, pointerSize: 130 } }),
    },
  ];
}

/** Sends bytes, from the start of a range where one is asked for. */
export function sendFile(
  { fault, ranges }: Pick<HubServer, 'fault' | 'ranges'>,
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
): void {
  if (fault?.(request, response, bytes)) return;
  const start = ranges ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  const part = bytes.subarray(start);
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': part.length,
    ...(start > 0 && range),
  });
  response.end(part);
}

function bearer({ headers }: IncomingMessage): string | undefined {
  return headers.authorization?.replace(/^Bearer /, '');
}

export function fail(
  response: ServerResponse,
  status: number,
  code?: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { ...(code && { 'x-error-code': code }), ...headers });
  response.end(JSON.stringify({ error: 'refused' }));
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
