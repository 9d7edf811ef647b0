/** Requests to the routes of the page, without a socket, with what the server asks of a request. */
import type { createApp } from './app.ts';
import { headers } from './protocol.ts';

/** Port of the address, for `createApp`. */
export const port = () => 4807;
export const host = `127.0.0.1:${port()}`;
/** Token of the page, for `createApp`. */
export const token = 'a'.repeat(64);

/** Requests to the app that the function gives when they are made. */
export function requestsTo(app: () => ReturnType<typeof createApp>) {
  return {
    get: async (path: string, given: Record<string, string> = {}) =>
      app().request(`http://${host}${path}`, { headers: { host, ...given } }),
    /** Sends a body: a text as it is, and everything else as JSON. */
    post: async (path: string, body: unknown, given: Record<string, string> = {}) =>
      app().request(`http://${host}${path}`, {
        method: 'POST',
        headers: { host, 'content-type': 'application/json', [headers.token]: token, ...given },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

/** Code of the error that an answer tells. */
export const codeOf = async (answer: Response): Promise<string> =>
  ((await answer.json()) as { error: { code: string } }).error.code;
