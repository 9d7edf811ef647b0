/** Gives library users clustering without an engine of their own. */
import { type Engine, openEngine } from '../backends/index.ts';

/** Calls `use` with the given engine, or with a new one that is closed afterwards. */
export async function withEngine<T>(
  engine: Engine | undefined,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  if (engine) return use(engine);
  const own = await openEngine();
  try {
    return await use(own);
  } finally {
    await own.close();
  }
}
