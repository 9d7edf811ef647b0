/**
 * Downloads one file into the cache: continued where an earlier try stopped, and checked.
 *
 * `downloadFileToCacheDir` of `@huggingface/hub` begins each file again, checks neither size nor
 * checksum, has no progress and no signal, and prints to the console.
 */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { showBytes } from '../../core/text.ts';
import { makeFolder, openRegular, requireReplaceable, writeFailure } from '../../formats/index.ts';
import type { HubAnswer, HubClient } from './hubClient.ts';
import { type AskedFor, brokenOff, hubError, PassingFailure, UNSATISFIABLE } from './hubErrors.ts';

/** A file of the hub as the listing of its commit describes it. */
export interface HubFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of a large file, or the SHA-1 that git gives a small one. */
  readonly checksum: string;
}

export interface DownloadOptions {
  client: HubClient;
  url: string;
  file: HubFile;
  /** Path of the complete file. */
  to: string;
  asked: AskedFor;
  signal: AbortSignal;
  /** Receives the number of bytes that are there. */
  onBytes(bytes: number): void;
}

/** Tries that got no further than this many bytes count as tries without progress. */
const PROGRESS = 65_536;
/** Age in milliseconds from which half a file of another machine or tool is taken over. */
const ABANDONED = 600_000;
/** Owner of half a file that nobody writes. */
const FREE = 'likeness';

/**
 * Downloads a file.
 *
 * Half a file lies beside the others as `CHECKSUM.likeness.incomplete` between two calls. While a
 * process writes, the name has its number in place of `likeness`, so that two never write one file.
 * Halves of killed processes and of other tools of the hub are taken over.
 *
 * @throws LikenessError `hub.*`, `write.*`; the signal's reason, where the next call continues
 */
export async function downloadFile(options: DownloadOptions): Promise<void> {
  const { to, file, asked } = options;
  await makeFolder(dirname(to));
  const part = await claimPart(to);
  try {
    const before = sizeOf(part);
    await receive(options, part);
    if (!(await isWhole(part, options))) {
      await rm(part, { force: true });
      // The half file of an earlier try may have been damaged.
      if (before > 0) await receive(options, part);
      if (before === 0 || !(await isWhole(part, options))) {
        await rm(part, { force: true });
        throw hubError(
          asked,
          'hub.damaged',
          `sends another ${file.path} than its checksum ${file.checksum.slice(0, 12)}… stands for. ` +
            'Try again, and check HF_ENDPOINT and the proxy where it stays.',
        );
      }
    }
    await rename(part, to).catch((error: unknown) => {
      throw writeFailure(to, error);
    });
  } finally {
    writing.delete(part);
    await rename(part, `${to}.${FREE}.incomplete`).catch(() => {}); // complete, or removed
  }
}

/** Receives the rest of a file, with further tries as long as they bring something. */
async function receive(options: DownloadOptions, part: string): Promise<void> {
  const { client, file, asked, signal } = options;
  let handle: FileHandle;
  try {
    await requireReplaceable(part);
    handle = await open(part, 'a');
  } catch (error) {
    throw writeFailure(part, error);
  }
  try {
    let passing = true;
    let reached = (await handle.stat()).size;
    while (passing) {
      passing = false;
      await client.retried(async () => {
        try {
          await receiveOnce(options, handle);
        } catch (error) {
          const { size } = await handle.stat();
          // Tries begin again after each that got further than all before.
          if (!(error instanceof PassingFailure) || size - reached < PROGRESS) throw error;
          signal.throwIfAborted();
          reached = size;
          passing = true;
        }
      });
    }
    const { size } = await handle.stat();
    if (size !== file.size) throw sizeFailure(asked, file, size);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Asks for the bytes that are missing, and appends what comes. */
async function receiveOnce(
  { client, url, file, to, asked, signal, onBytes }: DownloadOptions,
  handle: FileHandle,
): Promise<void> {
  let { size: at } = await handle.stat();
  if (at > file.size) {
    await handle.truncate(0);
    at = 0;
  }
  if (at === file.size) return;
  const range: Record<string, string> = at > 0 ? { range: `bytes=${at}-` } : {};
  const answer = await client
    .open(url, asked, { ...range, 'accept-encoding': 'identity' })
    .catch(async (error: unknown) => {
      // Half of the file is no part of what the server has.
      if (error instanceof PassingFailure && error.reason === UNSATISFIABLE) {
        await handle.truncate(0);
      }
      throw error;
    });
  if (at > 0 && !continues(answer, at)) {
    // A server without ranges sends the file from its start.
    await handle.truncate(0);
    at = 0;
    if (answer.status !== 200) {
      await answer.cancel();
      throw brokenOff(asked, new Error(`it answers a range with ${answer.status}`));
    }
  }
  onBytes(at);
  for await (const bytes of answer.body) {
    signal.throwIfAborted();
    if (at + bytes.length > file.size) {
      await handle.truncate(0);
      throw sizeFailure(asked, file, at + bytes.length);
    }
    await handle.appendFile(bytes).catch((error: unknown) => {
      throw writeFailure(to, error);
    });
    at += bytes.length;
    onBytes(at);
  }
  if (at < file.size) {
    const got = `it ends after ${showBytes(at)} of ${showBytes(file.size)}`;
    throw brokenOff(asked, new Error(got));
  }
}

/** True where an answer goes on at a byte. */
function continues({ status, headers }: HubAnswer, at: number): boolean {
  const start = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1];
  return status === 206 && Number(start) === at;
}

function sizeFailure(asked: AskedFor, { path, size }: HubFile, received: number) {
  return hubError(
    asked,
    'hub.damaged',
    `lists ${path} with ${size} bytes and sends ${received > size ? 'more' : received}. Try again, ` +
      'and check HF_ENDPOINT and the proxy where it stays.',
  );
}

/** Compares the SHA-256, or the SHA-1 of git's header `blob SIZE` and the bytes. */
async function isWhole(path: string, { file, signal }: DownloadOptions): Promise<boolean> {
  const { checksum, size } = file;
  const isGit = checksum.length === 40;
  const hash = createHash(isGit ? 'sha1' : 'sha256');
  if (isGit) hash.update(`blob ${size}\0`);
  for await (const bytes of (await openRegular(path)).createReadStream()) {
    signal.throwIfAborted();
    hash.update(bytes as Buffer);
  }
  return hash.digest('hex') === checksum;
}

let counter = 0;
/** Parts that this process writes. Its number in another name is from an earlier process. */
const writing = new Set<string>();

/** Takes over half a file that nobody writes, under a name of this process. */
async function claimPart(to: string): Promise<string> {
  const [folder, name] = [dirname(to), basename(to)];
  const own = join(folder, `${name}.${machine()}.${process.pid}-${counter++}.incomplete`);
  writing.add(own);
  for (const found of readdirSync(folder)) {
    if (!found.startsWith(`${name}.`) || !found.endsWith('.incomplete')) continue;
    const path = join(folder, found);
    if (isBeingWritten(path, found.slice(name.length + 1, -'.incomplete'.length))) continue;
    try {
      await rename(path, own);
      return own;
    } catch {
      // Another process was first.
    }
  }
  return own;
}

/** Name of this machine without the characters that part names are made of. */
const machine = () => hostname().replace(/[^\w-]/g, '_');

/** Tells if another process, or another download of this one, writes a part. */
function isBeingWritten(path: string, owner: string): boolean {
  if (owner === FREE) return false;
  const [, host, pid] = /^([\w-]+)\.(\d+)-\d+$/.exec(owner) ?? [];
  if (host !== machine()) return Date.now() - (modified(path) ?? 0) < ABANDONED;
  if (Number(pid) === process.pid) return writing.has(path);
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const modified = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
