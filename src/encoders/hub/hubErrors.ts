/** Failures of the hub in sentences: the id, what was received, and the next step. */
import { LikenessError } from '../../core/errors.ts';
import { escapeUnsafe, showDuration } from '../../core/text.ts';

/** Request that an error is about. */
export interface AskedFor {
  /** Id as a person gave it. */
  readonly id: string;
  /** Address of the hub. */
  readonly endpoint: string;
  /** True where a token was sent. */
  readonly hasToken: boolean;
  /** File of the repository; absent where it was asked for itself. */
  readonly file?: string;
}

/** A failure that may pass, with the error that a person reads once the tries are used up. */
export class PassingFailure extends Error {
  readonly error: LikenessError;
  /** Reason in few words, such as `answers 503`. */
  readonly reason: string;
  /** Milliseconds that the hub asks to wait. */
  readonly wait?: number;

  constructor(error: LikenessError, reason: string, wait?: number) {
    super(error.message);
    this.error = error;
    this.reason = reason;
    if (wait !== undefined) this.wait = wait;
  }
}

/** Longest text of the hub that an error quotes. */
const MAX_QUOTED = 120;
const PASSING = new Set([408, 416, 425, 429, 500, 502, 503, 504]);
/** Reason of an answer to a range that the file does not have. */
export const UNSATISFIABLE = 'answers 416';

/** Builds the error of an answer that is no success. */
export function answerFailure(
  asked: AskedFor,
  status: number,
  headers: Headers,
): LikenessError | PassingFailure {
  const code = headers.get('x-error-code') ?? undefined;
  const error = explained(asked, status, code);
  if (error) return error;
  const wait = waitAsked(headers.get('retry-after'));
  if (status === 429) {
    const pause = wait === undefined ? '' : ` and a pause of ${showDuration(wait / 1000)}`;
    const next = asked.hasToken
      ? 'Try again after it.'
      : 'Try again after it, or set HF_TOKEN, with which the hub allows more requests.';
    return new PassingFailure(
      hubError(asked, 'hub.busy', `answers 429 (too many requests)${pause}. ${next}`),
      'answers 429',
      wait,
    );
  }
  const failed = hubError(asked, 'hub.unreachable', `answers ${status}. ${LATER}`);
  return PASSING.has(status) ? new PassingFailure(failed, `answers ${status}`, wait) : failed;
}

/** Next step where the hub or the way to it fails. */
const LATER = 'Try again later, or use a model that is on this machine.';

/** Errors that waiting does not change; undefined for others. */
function explained(asked: AskedFor, status: number, code?: string): LikenessError | undefined {
  const { endpoint, id, hasToken, file } = asked;
  const said = `answers ${status}${code ? ` (${quoted(code)})` : ''}`;
  const repo = id.replace(/^hub:|[@#].*$/g, '');
  if (code === 'GatedRepo' || (status === 403 && code === undefined)) {
    return hubError(
      asked,
      'hub.denied',
      `${said}; expected a model whose terms are accepted. Accept them at ${endpoint}/${repo}, and ` +
        'set HF_TOKEN to a token of the same account.',
    );
  }
  if (status === 404 && code === 'RevisionNotFound') {
    return hubError(
      asked,
      'hub.missing',
      `${said}; expected a branch, a tag or a commit of it. Check what stands after @, or leave it ` +
        'out.',
    );
  }
  if (status === 404 && file !== undefined) {
    const next = 'Check the names of its files, or name one with #FILE.onnx.';
    return hubError(asked, 'hub.missing', `${said} for ${file}; expected this file. ${next}`);
  }
  if (status === 401 || status === 403 || status === 404) {
    // The hub does not tell a private repository from one that does not exist.
    const next = hasToken
      ? 'Check owner and name, and that the token may read it.'
      : 'Check owner and name, or set HF_TOKEN where it is private.';
    return hubError(
      asked,
      status === 404 ? 'hub.missing' : 'hub.denied',
      `${said}; expected a model that exists and may be read. ${next}`,
    );
  }
  return undefined;
}

/** Builds the error of a request that got no answer. */
export function networkFailure(asked: AskedFor, error: unknown): PassingFailure {
  const reason = quoted(networkReason(error));
  return new PassingFailure(
    hubError(
      asked,
      'hub.unreachable',
      `cannot be reached (${reason}). Check the network, HTTPS_PROXY and HF_ENDPOINT, or use a ` +
        'model that is on this machine.',
    ),
    reason,
  );
}

/** Builds the error of an answer that ends before its end. */
export function brokenOff(asked: AskedFor, error: unknown): PassingFailure {
  const reason = quoted(networkReason(error));
  const [what, next] = asked.file
    ? [asked.file, 'Try again, which continues the download, or check the network.']
    : ['its answer', 'Try again, or check the network.'];
  const text = `breaks off ${what} (${reason}). ${next}`;
  return new PassingFailure(hubError(asked, 'hub.unreachable', text), reason);
}

/** Reasons by the codes of undici, whose own texts are names of classes. */
const reasonsByCode: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'no further bytes in time',
};

/** Deepest reason of an error of `fetch`, whose own message is `fetch failed`. */
function networkReason(error: unknown): string {
  for (let at = error, depth = 0; depth < 5; depth++) {
    const { cause, errors, message, code } = (at ?? {}) as {
      cause?: unknown;
      errors?: unknown[];
      message?: string;
      code?: string;
    };
    const next = errors?.[0] ?? cause;
    if (next instanceof Error) at = next;
    else return (code && reasonsByCode[code]) || message || code || String(at);
  }
  return String(error);
}

/** Error `encoder: received ID, for which HOST ...`. */
export function hubError(
  { id, endpoint }: Pick<AskedFor, 'id' | 'endpoint'>,
  code: string,
  text: string,
): LikenessError {
  const { host } = new URL(endpoint);
  return new LikenessError(code, `encoder: received ${id}, for which ${host} ${text}`);
}

/** Short text of others without control characters. */
export function quoted(text: string): string {
  const short = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return escapeUnsafe(short);
}

/** Milliseconds of a `Retry-After` header, as seconds or as a date. */
export function waitAsked(header: string | null, now: number = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  if (header.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
