import { LikenessError } from '../core/errors.ts';

/** Passes on no result for a file that is gone or damaged, which is computed again. */
export function undefinedIfUnreadable(error: unknown): undefined {
  if (error instanceof LikenessError) return undefined;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
