/** Checks of every request, and headers of every answer. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { headers } from './protocol.ts';

/** Most bytes of a JSON body, such as the rows of a large selection. */
export const MAX_JSON_BYTES = 2 ** 25;
/** Most bytes of a picture that similar images are asked for. */
export const MAX_PICTURE_BYTES = 2 ** 26;

/** Nothing may be loaded from elsewhere, run inline, or show the page in a frame. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const answerHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** Makes a token of 256 random bits, which the page has and other sites cannot read. */
export function makeToken(): string {
  return randomBytes(32).toString('hex');
}

export interface SecurityOptions {
  /** Port that the server listens on. */
  port(): number;
  readonly token: string;
}

/**
 * Refuses requests that a page of another site, or a name that resolves to this machine, could have
 * sent: another Host, another Origin, a cross-site fetch, and a write without the token.
 */
export function security({ port, token }: SecurityOptions): MiddlewareHandler {
  return async (c, next) => {
    const refused = refusalOf(c, { hosts: hostsAt(port()), token });
    if (refused) {
      const [status, code, message] = refused;
      c.res = c.json({ error: { code, message } }, status);
    } else await next();
    for (const [name, value] of Object.entries(answerHeaders)) c.res.headers.set(name, value);
  };
}

type Refusal = readonly [status: 403 | 405 | 415, code: string, message: string];

function refusalOf(
  { req }: Context,
  { hosts, token }: { hosts: readonly string[]; token: string },
): Refusal | undefined {
  const host = req.header('host')?.toLowerCase() ?? '';
  if (!hosts.includes(host)) {
    return [403, 'server.host', `host: expected one of ${hosts.join(', ')}`];
  }
  const origin = req.header('origin');
  if (origin !== undefined && !hosts.some((name) => origin === `http://${name}`)) {
    return [403, 'server.origin', 'origin: expected the address of the page'];
  }
  const site = req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return [403, 'server.site', 'sec-fetch-site: expected same-origin or none'];
  }
  if (req.method === 'GET' || req.method === 'HEAD') return undefined;
  if (req.method !== 'POST') return [405, 'server.method', 'method: expected GET or POST'];
  if (!isToken(req.header(headers.token), token)) {
    return [403, 'server.token', `${headers.token}: expected the token of the page. Reload it.`];
  }
  const type = req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const isPicture = req.path === '/api/similar';
  if (isPicture || type === 'application/json') return undefined;
  return [415, 'server.type', 'content-type: expected application/json'];
}

/** Names of the server that a browser on this machine may use. */
export function hostsAt(port: number): readonly string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
}

function isToken(given: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Limits a body to a number of bytes. */
export function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: (c) => {
      const message = `body: expected at most ${maxSize / 2 ** 20} MiB`;
      return c.json({ error: { code: 'server.tooLarge', message } }, 413);
    },
  });
}
