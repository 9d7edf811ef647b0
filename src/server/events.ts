/** Server-sent events: lines of a training, edits, jobs, and changes of the run. */
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { type Explorer, tailEvents } from '../explore/index.ts';
import { openRegular } from '../formats/index.ts';

/** Milliseconds between two comments, which keep proxies and browsers from closing. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds after which a browser connects again. */
const RETRY_MS = 1500;
/** Most bytes of a line whose end is looked for. */
const MAX_LINE = 2 ** 16;
/** Events of a slow reader that are queued before it is disconnected; it replays afterwards. */
const MAX_QUEUED = 10_000;

export interface EventStreamOptions {
  readonly explorer: Explorer;
  /** Ends all streams. */
  readonly closing: AbortSignal;
  /**
   * Byte offset after the last line of the log that the page knows; `end` for lines that are added
   * from now on. Default: all lines.
   */
  readonly from: number | 'end' | undefined;
}

/** Byte offset of a `Last-Event-ID` such as `log:1200`; undefined for other ids. */
export function offsetOf(id: string | undefined): number | undefined {
  const [, offset] = /^log:(\d{1,15})$/.exec(id ?? '') ?? [];
  return offset === undefined ? undefined : Number(offset);
}

/** Streams events until the browser or the server ends. */
export async function eventStream(c: Context, options: EventStreamOptions): Promise<Response> {
  const file = options.from === 'end' ? eventsFile(options.explorer) : undefined;
  // Found before the answer, so that a page that has it misses no later line.
  const end = file === undefined ? 0 : await lastLineEnd(file);
  const start = options.from === 'end' ? end : (options.from ?? 0);
  c.header('x-accel-buffering', 'no');
  const response = streamSSE(c, (stream) => sendEvents(stream, { ...options, from: start }));
  // Set by the helper as "no-cache", which lets a browser keep the stream.
  response.headers.set('cache-control', 'no-store');
  return response;
}

async function sendEvents(
  stream: SSEStreamingApi,
  { explorer, closing, from }: EventStreamOptions & { readonly from: number },
): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  stream.onAbort(end);
  closing.addEventListener('abort', end);
  if (closing.aborted) end();
  let queued = 0;
  let writing: Promise<void> = Promise.resolve();
  /** Writes one after the other, in the order of the calls. */
  const write = (send: () => Promise<unknown>): Promise<void> => {
    if (++queued > MAX_QUEUED) end();
    writing = writing.then(async () => {
      queued--;
      if (!ended.signal.aborted) await send();
    }, end);
    return writing;
  };
  let tail = new AbortController();
  const unlisten = explorer.listen(({ kind, data }) => {
    void write(() => stream.writeSSE({ event: kind, data: JSON.stringify(data) }));
    if (kind !== 'run') return;
    tail.abort();
    tail = new AbortController();
    void follow(0, tail.signal);
  });
  async function follow(start: number, signal: AbortSignal): Promise<void> {
    const file = eventsFile(explorer);
    if (file === undefined) return;
    for await (const { offset, event } of tailEvents(file, { from: start, signal })) {
      if (ended.signal.aborted || signal.aborted) return;
      const data = JSON.stringify(event);
      await write(() => stream.writeSSE({ id: `log:${offset}`, event: 'log', data }));
    }
  }
  const heartbeat = setInterval(
    () => void write(() => stream.write(': still here\n\n')),
    HEARTBEAT_MS,
  );
  heartbeat.unref();
  try {
    await write(() => stream.write(`retry: ${RETRY_MS}\n\n`));
    void follow(from, tail.signal).catch(end);
    await new Promise<void>((resolve) => {
      if (ended.signal.aborted) resolve();
      ended.signal.addEventListener('abort', () => resolve());
    });
  } finally {
    unlisten();
    tail.abort();
    clearInterval(heartbeat);
    closing.removeEventListener('abort', end);
  }
}

/** Byte offset after the last complete line of a file; 0 where there is none. */
async function lastLineEnd(file: string): Promise<number> {
  const handle = await openRegular(file).catch(() => undefined);
  if (!handle) return 0;
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, MAX_LINE);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(10);
    return last < 0 ? 0 : size - length + last + 1;
  } finally {
    await handle.close();
  }
}

/** Event log of the opened run; undefined for a run without training. */
function eventsFile(explorer: Explorer): string | undefined {
  try {
    const { folder, config } = explorer.current();
    return config?.kind === 'trained' ? folder?.files.events : undefined;
  } catch {
    return undefined; // no run is open
  }
}
