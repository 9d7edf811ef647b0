/** Address, cache folder and token of the hub, from the variables that its tools use. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LikenessError } from '../../core/errors.ts';
import { readRegularSync } from '../../formats/index.ts';

export interface HubPlace {
  /** Address without a slash at its end. */
  readonly endpoint: string;
  /** Folder of downloaded repositories. */
  readonly cache: string;
  /** Access token; sent to the endpoint alone. */
  readonly token?: string;
  /** True where the cache alone is read. */
  readonly offline: boolean;
}

export interface HubPlaceOptions {
  /** Reads the cache alone. Default: as `HF_HUB_OFFLINE` says. */
  offline?: boolean;
  /** Default: those of the process. */
  env?: Readonly<Record<string, string | undefined>>;
}

const ENDPOINT = 'https://huggingface.co';

/**
 * Finds the hub by `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_TOKEN`,
 * `HF_TOKEN_PATH` and `HF_HUB_OFFLINE`, with the defaults of the hub's own tools.
 *
 * @throws LikenessError `hub.endpoint`, `hub.token`
 */
export function hubPlace({ offline, env = process.env }: HubPlaceOptions = {}): HubPlace {
  const token = tokenOf(env);
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || ENDPOINT),
    cache: hubCacheFolder(env),
    ...(token !== undefined && { token }),
    offline: offline ?? (isTrue(env.HF_HUB_OFFLINE) || isTrue(env.TRANSFORMERS_OFFLINE)),
  };
}

/**
 * Folder of downloaded repositories. `getHFHubCachePath` of `@huggingface/hub` takes empty
 * variables and `~` as they are.
 */
export function hubCacheFolder(env: HubPlaceOptions['env'] = process.env): string {
  const given = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  return given ? expanded(given) : join(hubHome(env), 'hub');
}

function hubHome(env: Readonly<Record<string, string | undefined>>): string {
  if (env.HF_HOME) return expanded(env.HF_HOME);
  return join(env.XDG_CACHE_HOME ? expanded(env.XDG_CACHE_HOME) : cacheHome(), 'huggingface');
}

const cacheHome = () => join(homedir(), '.cache');
const expanded = (path: string) => path.replace(/^~(?=$|[/\\])/, () => homedir());

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  if (isPlain && !url.search && !url.hash) return url.href.replace(/\/+$/, '');
  throw new LikenessError(
    'hub.endpoint',
    `HF_ENDPOINT: received ${JSON.stringify(url ? withoutLogin(url) : text)}; expected the address ` +
      `of a hub, such as ${ENDPOINT}. Correct or unset the variable.`,
  );
}

/** The address without what may be a password. */
function withoutLogin(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Token of `HF_TOKEN`, else of the file that the login of the hub's tools writes. */
function tokenOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const variable = env.HF_TOKEN ? 'HF_TOKEN' : 'HUGGING_FACE_HUB_TOKEN';
  const given = env[variable]?.trim();
  if (given) return checkedToken(given, variable);
  const file = env.HF_TOKEN_PATH ? expanded(env.HF_TOKEN_PATH) : join(hubHome(env), 'token');
  let stored: string;
  try {
    stored = readRegularSync(file).toString('utf8').trim();
  } catch {
    return undefined; // nobody has logged in
  }
  return stored === '' ? undefined : checkedToken(stored, file);
}

/** Refuses what cannot stand in a header, without printing it. */
function checkedToken(token: string, from: string): string {
  if (/^[\x21-\x7e]{1,1000}$/.test(token)) return token;
  throw new LikenessError(
    'hub.token',
    `${from}: received a token with characters that no token has; expected one line of letters and ` +
      'digits. Copy the token again.',
  );
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}
