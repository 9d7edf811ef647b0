/**
 * Checkpoints: the whole state of a run, one safetensors file per saved step.
 *
 * The metadata of the file have `checkpoint` (JSON: step, epoch, seed, …) and `sha256`, the SHA-256
 * of the whole file with the checksum's own 64 characters set to "0". A file that is cut off or has
 * a changed bit is thereby recognized as damaged, and the newest intact one is used.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  type AtomicOptions,
  decodeSafetensors,
  makeFolder,
  openRegular,
  readSafetensorsBytes,
  removeTemporaries,
  safetensorsChunks,
  type Tensors,
  writeFileAtomic,
} from '../formats/index.ts';
import { canonicalJson, firstIssue, type JsonObject, parseJson } from './json.ts';
import { MAX_STEPS } from './limits.ts';

/** Header of a checkpoint. */
export interface CheckpointInfo {
  /** Steps done. */
  readonly step: number;
  /** Epochs done, rounded down. */
  readonly epoch: number;
  readonly seed: number;
  /** Hash of the settings that the state belongs to. */
  readonly configHash: string;
  /** Marks the last checkpoint of a completed run, which is never removed. */
  readonly final?: boolean;
  /** Set where a failed run may restart from it. The newest such checkpoint is never removed. */
  readonly healthy?: boolean;
  /** Further state of the trainer. */
  readonly extra?: JsonObject;
}

export interface Checkpoint {
  readonly file: string;
  readonly info: CheckpointInfo;
  readonly tensors: Tensors;
}

export interface CheckpointFile {
  readonly file: string;
  readonly step: number;
}

export interface DamagedCheckpoint {
  readonly file: string;
  readonly reason: string;
}

export interface SaveOptions extends AtomicOptions {
  /**
   * Number of newest checkpoints to keep beside final ones and the newest healthy one. Default 3.
   */
  readonly keep?: number;
}

const infoSchema = z.looseObject({
  step: z.int().nonnegative().max(MAX_STEPS),
  epoch: z.number().nonnegative().max(MAX_STEPS),
  seed: z.int().nonnegative(),
  configHash: z.string(),
  final: z.boolean().optional(),
  healthy: z.boolean().optional(),
  extra: z.record(z.string(), z.json()).optional(),
});
/** Metadata that every checkpoint has. */
const headerSchema = z.object({
  __metadata__: z.object({ checkpoint: z.string(), sha256: z.string() }),
});

const namePattern = /^step-(\d+)\.safetensors$/;
const unset = '0'.repeat(64);

/** Builds a file name that `sort -V` orders, such as `step-0000001200.safetensors`. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(10, '0')}.safetensors`;
}

/**
 * Saves a checkpoint in `folder`, removes older ones, and returns the path of the new file.
 *
 * The file appears complete or not at all, and nothing is removed before it is on the disk.
 *
 * @throws LikenessError `write.*` when the disk is full or the folder is not writable; earlier
 * checkpoints stay intact.
 */
export async function saveCheckpoint(
  folder: string,
  info: CheckpointInfo,
  tensors: Tensors,
  { keep = 3, ...atomic }: SaveOptions = {},
): Promise<string> {
  const chunks = safetensorsChunks(tensors, {
    checkpoint: canonicalJson({ ...info }),
    sha256: unset,
  });
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const head = Buffer.from(chunks[0]!);
  head.write(hash.digest('hex'), checksumAt(head)!, 'latin1');
  await makeFolder(folder);
  const file = join(folder, checkpointName(info.step));
  await writeFileAtomic(file, [head, ...chunks.slice(1)], atomic);
  await removeOld(folder, Math.max(1, keep));
  return file;
}

/** Lists the checkpoints of a folder by rising step, without temporary and foreign files. */
export async function listCheckpoints(folder: string): Promise<CheckpointFile[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names
    .flatMap((name) => {
      const step = namePattern.exec(name)?.[1];
      return step === undefined ? [] : [{ file: join(folder, name), step: Number(step) }];
    })
    .sort((a, b) => a.step - b.step);
}

export interface LoadOptions {
  /**
   * Most bytes of the tensors, which the settings of the run tell. A larger file is refused before
   * it is read. Default: any number.
   */
  readonly maxBytes?: number;
}

/**
 * Reads and verifies one checkpoint.
 *
 * @throws LikenessError `checkpoint.damaged` where it is incomplete, changed or too large,
 * `checkpoint.missing` where it cannot be read.
 */
export async function loadCheckpoint(file: string, options: LoadOptions = {}): Promise<Checkpoint> {
  const bytes = await withFile(file, async (handle) => {
    infoOf(await headOf(handle), file);
    return readSafetensorsBytes(handle, { name: basename(file), ...options }).catch((error) => {
      throw error instanceof LikenessError ? damaged(file, error.message) : error;
    });
  });
  const { info, stored, at } = infoOf(bytes, file);
  bytes.set(Buffer.from(unset, 'latin1'), at);
  if (createHash('sha256').update(bytes).digest('hex') !== stored) {
    throw damaged(file, 'its bytes do not match its checksum');
  }
  const { tensors } = decodeSafetensors(bytes, file);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (data instanceof Float32Array && !data.every(Number.isFinite)) {
      throw damaged(file, `"${name}" has values that are not finite`);
    }
  }
  return { file, info, tensors };
}

/** Reads the header of a checkpoint without verifying the tensors. */
export async function readCheckpointInfo(file: string): Promise<CheckpointInfo> {
  return infoOf(await withFile(file, headOf), file).info;
}

/** Reads the length of the header and the header, or what the file has of it. */
async function headOf(handle: FileHandle): Promise<Uint8Array> {
  const { size } = await handle.stat();
  const start = await readUpTo(handle, Math.min(8, size));
  const length =
    size < 8 ? 0 : Number(Buffer.from(start.buffer, start.byteOffset, 8).readBigUInt64LE(0));
  return readUpTo(handle, Math.min(size, 8 + Math.min(length, 100_000_000)));
}

export interface LoadLatestOptions extends LoadOptions {
  /** Takes only checkpoints that a failed run may restart from. Default false. */
  readonly onlyHealthy?: boolean;
  /** Takes only checkpoints of at most this step. */
  readonly maxStep?: number;
}

/**
 * Loads the newest intact checkpoint of a folder and removes leftovers of killed writes.
 *
 * `checkpoint` is undefined where there is none. Damaged ones are skipped and listed with the
 * reason, newest first.
 */
export async function loadLatestCheckpoint(
  folder: string,
  { onlyHealthy = false, maxStep = Number.POSITIVE_INFINITY, ...load }: LoadLatestOptions = {},
): Promise<{ checkpoint: Checkpoint | undefined; damaged: DamagedCheckpoint[] }> {
  await removeTemporaries(folder);
  const passedOver: DamagedCheckpoint[] = [];
  for (const { file, step } of (await listCheckpoints(folder)).reverse()) {
    if (step > maxStep) continue;
    try {
      if (onlyHealthy && !(await readCheckpointInfo(file)).healthy) continue;
      return { checkpoint: await loadCheckpoint(file, load), damaged: passedOver };
    } catch (error) {
      passedOver.push({ file, reason: reasonOf(error) });
    }
  }
  return { checkpoint: undefined, damaged: passedOver };
}

/** Removes all but the newest `keep`, every final one, and the newest healthy one. */
async function removeOld(folder: string, keep: number): Promise<void> {
  const files = await listCheckpoints(folder);
  let healthyKept = false;
  for (const [age, { file }] of files.reverse().entries()) {
    const info = await readCheckpointInfo(file).catch(() => undefined);
    const newestHealthy: boolean = info?.healthy === true && !healthyKept;
    healthyKept ||= newestHealthy;
    if (age >= keep && !newestHealthy && info?.final !== true) await rm(file, { force: true });
  }
}

function infoOf(
  head: Uint8Array,
  file: string,
): { info: CheckpointInfo; stored: string; at: number } {
  const view = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const at = checksumAt(view);
  if (at === undefined) throw damaged(file, 'it is cut off or has no checksum');
  try {
    const text = view.toString('utf8', 8, 8 + Number(view.readBigUInt64LE(0)));
    const { checkpoint } = checked(parseJson(text), headerSchema).__metadata__;
    const info = checked(parseJson(checkpoint), infoSchema) as CheckpointInfo;
    const named = namePattern.exec(basename(file))?.[1];
    if (named !== undefined && Number(named) !== info.step)
      throw new Error(`step: received ${info.step}`);
    return { info, stored: view.toString('latin1', at, at + 64), at };
  } catch (error) {
    throw damaged(file, `its header cannot be read (${reasonOf(error)})`);
  }
}

function checked<S extends z.ZodType>(value: unknown, schema: S): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(firstIssue(result.error));
}

/** Finds the 64 characters of the checksum. Metadata precede the names of tensors in the header. */
function checksumAt(head: Buffer): number | undefined {
  if (head.length < 8 || 8n + head.readBigUInt64LE(0) > BigInt(head.length)) return undefined;
  // Inside a JSON text quotes are escaped, so this sequence is the key itself.
  const key = '"sha256":"';
  const found = head.indexOf(key, 8, 'latin1');
  return found < 0 || found + key.length + 64 > head.length ? undefined : found + key.length;
}

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle;
  try {
    handle = await openRegular(file);
  } catch (error) {
    throw new LikenessError(
      'checkpoint.missing',
      `Could not read the checkpoint ${file}: ${reasonOf(error)}. Check the path and its permissions.`,
      { cause: error },
    );
  }
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function readUpTo(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 64 * 1024 * 1024), at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

function damaged(file: string, reason: string): LikenessError {
  return new LikenessError(
    'checkpoint.damaged',
    `The checkpoint ${basename(file)} is damaged: ${reason}. Restore it, or use an ` +
      'earlier one.',
  );
}

/** Collects the values of all float32 tensors by name. */
export function stateOf(tensors: Tensors): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, { data }]) =>
      data instanceof Float32Array ? [[name, data]] : [],
    ),
  );
}
