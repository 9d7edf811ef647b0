/** A table of values in the worker thread. */
import type { Table } from '../backend.ts';
import type { Ask } from './protocol.ts';
import { buffersOf } from './session.ts';

/** Opens an empty table. */
export async function openTable(ask: Ask): Promise<Table> {
  const table = await ask<number>({ kind: 'createTable' });
  return {
    work: ({ session, ...work }) =>
      ask({ kind: 'workTable', table, ...work, session: session?.id }, buffersOf(work.put ?? {})),
    release: () => ask<void>({ kind: 'releaseTable', table }),
  };
}
