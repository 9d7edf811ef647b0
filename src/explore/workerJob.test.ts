/** Work in a worker thread is ended without harm, also within a run of the engine. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { rowsOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { reporterOf } from '../core/reporter.ts';
import { writeEmbeddings } from '../run/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { computeLayout } from './layoutJob.ts';

const folder = useTemporaryFolder();

it('rejects with the reason, and leaves the process alone, at any moment of a layout', async () => {
  const [count, dimension] = [6000, 256];
  const file = join(folder.path, 'embeddings.safetensors');
  const random = randomAt(1, 'synthetic');
  await writeEmbeddings(file, {
    ids: Array.from({ length: count }, (_, i) => `${i}.png`),
    features: rowsOf({
      ...{ count, dimension },
      data: Float32Array.from({ length: count * dimension }, () => random.normal()),
    }),
    clusters: new Int32Array(count),
    about: {},
  });
  for (const milliseconds of [0, 300, 600, 900, 1200]) {
    const ending = new AbortController();
    const reason = new Error('enough');
    const asked = computeLayout({ file, threads: 1 }, reporterOf({ signal: ending.signal }));
    const ended = expect(asked).rejects.toBe(reason);
    await setTimeout(milliseconds);
    ending.abort(reason);
    await ended;
  }
});
