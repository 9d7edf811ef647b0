/** Temporary files for data that does not fit in memory. */
import { open, rm } from 'node:fs/promises';
import { removeAbandoned, reserveTemporary, writeFailure } from './atomicFile.ts';

export interface ScratchFile {
  /** Adds bytes at the end. @throws LikenessError `write.*` */
  append(bytes: Uint8Array): Promise<void>;
  /** Fills `into` with the bytes from `position`. */
  read(position: number, into: Uint8Array): Promise<void>;
  /** Closes and removes the file. */
  remove(): Promise<void>;
}

/**
 * Creates a temporary file beside `path`, and removes those of killed processes.
 *
 * @throws LikenessError `write.*`
 */
export async function openScratchFile(path: string): Promise<ScratchFile> {
  await removeAbandoned(path);
  const { temporary, release } = reserveTemporary(path);
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw writeFailure(path, error);
    }
  };
  const file = await attempt(() => open(temporary, 'wx+')).catch((error) => {
    release();
    throw error;
  });
  return {
    append: (bytes) => attempt(() => file.appendFile(bytes)),
    async read(position, into) {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await file.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) {
          throw new RangeError(`position: ${temporary} ends at ${position + done}`);
        }
        done += bytesRead;
      }
    },
    async remove() {
      await file.close();
      await rm(temporary, { force: true });
      release();
    },
  };
}
