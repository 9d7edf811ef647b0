/**
 * Requests to the hub: redirects, the token, proxies, bounds on every wait, and further tries.
 *
 * `@huggingface/hub` asks the hub's interface through `fetch` of this client. The client adds what
 * the package has not: it sends the token to the hub's own address alone (the package sends it to
 * the addresses of `Link` headers too, and refuses tokens of other hubs), goes through the proxies
 * of the environment, bounds waits and sizes, and tries again.
 */
import type { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import {
  type AskedFor,
  answerFailure,
  brokenOff,
  hubError,
  networkFailure,
  PassingFailure,
  quoted,
} from './hubErrors.ts';
import type { HubPlace } from './hubPlace.ts';
import { abortable, pause } from './hubWaits.ts';

/** Bounds on waits, in milliseconds. */
export interface HubTimes {
  /** Until a connection is made. */
  readonly connect: number;
  /** Until an answer begins, and between two parts of it. */
  readonly idle: number;
  /** Of one small answer in all. */
  readonly answer: number;
  /** Before the second and each further try. */
  readonly waits: readonly number[];
  /** Longest pause that the hub may ask for; a longer one ends the download. */
  readonly longestWait: number;
}

export const hubTimes: HubTimes = {
  connect: 10_000,
  idle: 30_000,
  answer: 60_000,
  waits: [1000, 2000, 4000, 8000],
  longestWait: 60_000,
};

/** Body of an answer, part by part. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the answer early. */
  cancel(): Promise<void>;
}

export interface HubClient {
  readonly place: HubPlace;
  readonly times: HubTimes;
  /** `fetch` for small answers of the hub's interface, which are read whole. */
  interface(asked: AskedFor): typeof globalThis.fetch;
  /**
   * Asks for a file once.
   *
   * @throws PassingFailure for what may pass, LikenessError `hub.*` for other failures, the
   * signal's reason
   */
  open(url: string, asked: AskedFor, headers?: Record<string, string>): Promise<HubAnswer>;
  /** Repeats work after failures that may pass, with these waits before each further try. */
  retried<T>(work: () => Promise<T>, waits?: readonly number[]): Promise<T>;
  close(): Promise<void>;
}

/** Largest answer of the hub's interface, in bytes. */
const MAX_ANSWER = 20_000_000;
const MAX_REDIRECTS = 5;
/** Further tries of small answers, of which the first tells if there is a network at all. */
const FIRST_WAITS = 2;

export interface HubClientOptions {
  place: HubPlace;
  signal: AbortSignal;
  /** Called before each further try. */
  onRetry?(reason: string, wait: number): void;
  times?: HubTimes;
}

/** Opens a client; its packages are loaded here, because few commands need them. */
export async function openHubClient({
  place,
  signal,
  onRetry = () => {},
  times = hubTimes,
}: HubClientOptions): Promise<HubClient> {
  const undici = await import('undici');
  const agent: EnvHttpProxyAgent = new undici.EnvHttpProxyAgent({
    connect: { timeout: times.connect },
    headersTimeout: times.idle,
    bodyTimeout: times.idle,
  });
  const origin = new URL(place.endpoint).origin;

  async function open(
    url: string,
    asked: AskedFor,
    headers: Record<string, string> = {},
    init: { method?: string; body?: string } = {},
  ): Promise<HubAnswer> {
    let at = new URL(url);
    for (let redirects = 0; ; redirects++) {
      const response = await attempt(asked, signal, () =>
        undici.fetch(at, {
          ...init,
          headers: { ...headers, ...tokenFor(at) },
          redirect: 'manual',
          dispatcher: agent,
          signal,
        }),
      );
      const target = response.headers.get('location');
      const found = response.headers as unknown as Headers;
      if (response.status >= 300 && response.status < 400 && target !== null) {
        await discard(response);
        if (redirects === MAX_REDIRECTS) {
          const reason = `leads from one address to another more than ${MAX_REDIRECTS} times`;
          throw hubError(asked, 'hub.redirect', `${reason}. Check HF_ENDPOINT.`);
        }
        at = redirected(at, target, asked);
        continue;
      }
      if (!response.ok) {
        await discard(response);
        throw answerFailure(asked, response.status, found);
      }
      return {
        status: response.status,
        headers: found,
        body: partsOf(response, asked, signal),
        cancel: () => discard(response),
      };
    }
  }
  const tokenFor = (url: URL): Record<string, string> =>
    place.token !== undefined && url.origin === origin
      ? { authorization: `Bearer ${place.token}` }
      : {};

  async function retried<T>(work: () => Promise<T>, waits = times.waits): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof PassingFailure)) throw error;
        const usual = waits[tries];
        const wait = error.wait ?? usual;
        if (usual === undefined || wait === undefined || wait > times.longestWait) {
          throw error.error;
        }
        onRetry(error.reason, wait);
        await pause(wait, signal);
      }
    }
  }
  return {
    ...{ place, times, open, retried },
    interface: (asked) => async (input, init) =>
      retried(
        async () => {
          const { method, body } = init ?? {};
          const headers = { accept: 'application/json', 'content-type': 'application/json' };
          const answer = await open(String(input), asked, headers, {
            ...(method && { method }),
            ...(typeof body === 'string' && { body }),
          });
          const bytes = await abortable(times.answer, signal, async () => readWhole(answer, asked));
          if (bytes === undefined) {
            await answer.cancel();
            throw brokenOff(asked, new Error('it takes too long'));
          }
          const { status, headers: found } = answer;
          return new Response(bytes, { status, headers: [...found] });
        },
        times.waits.slice(0, FIRST_WAITS),
      ),
    close: () => agent.destroy(),
  };
}

/** Address of a redirect. A safe connection stays one. */
function redirected(from: URL, target: string, asked: AskedFor): URL {
  const to = URL.canParse(target, from.href) ? new URL(target, from) : undefined;
  const isSafe = to && (to.protocol === 'https:' || to.protocol === from.protocol);
  if (isSafe && /^https?:$/.test(to.protocol)) return to;
  throw hubError(
    asked,
    'hub.redirect',
    `leads to ${quoted(target)}; expected an https address. Check HF_ENDPOINT.`,
  );
}

type UndiciResponse = Awaited<ReturnType<typeof undiciFetch>>;

/** Yields a body; the failures of its connection may pass. */
async function* partsOf(
  { body }: UndiciResponse,
  asked: AskedFor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await attempt(asked, signal, () => reader.read(), brokenOff);
      if (done) return;
      yield value as Uint8Array;
    }
  } finally {
    await reader.cancel().catch(() => {}); // the connection may be gone
  }
}

async function readWhole(answer: HubAnswer, asked: AskedFor): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body) {
    length += part.length;
    if (length > MAX_ANSWER) {
      const text = `answers with more than ${MAX_ANSWER} bytes; expected a list of files`;
      throw hubError(asked, 'hub.damaged', `${text}. Check HF_ENDPOINT.`);
    }
    parts.push(part);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

async function discard({ body, bodyUsed }: UndiciResponse): Promise<void> {
  if (!bodyUsed && !body?.locked) await body?.cancel().catch(() => {});
}

/** Turns failures of the network into {@link PassingFailure}s. */
async function attempt<T>(
  asked: AskedFor,
  signal: AbortSignal,
  work: () => Promise<T>,
  failure: (asked: AskedFor, error: unknown) => PassingFailure = networkFailure,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw failure(asked, error);
  }
}
