/**
 * Runs our side of a benchmark in a process of its own, with the protocol of a peer: the answer to
 * `{"times": n}` is the milliseconds of n runs. `--module` names the benchmark; its `prepare`
 * creates the work from `--args`.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Engine } from '../src/backends/index.ts';
import { onStage } from './stage.ts';

/** Work to time, created on an engine. */
export type Prepare<T> = (engine: Engine, args: T) => Promise<() => Promise<unknown>>;

const { values } = parseArgs({
  options: {
    module: { type: 'string', default: '' },
    args: { type: 'string', default: '{}' },
    threads: { type: 'string' },
  },
});

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function answer(once: () => Promise<unknown>, line: string): Promise<object> {
  const { times } = JSON.parse(line) as { times: number };
  const ms: number[] = [];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await once();
    ms.push(performance.now() - begun);
  }
  return { ms };
}

try {
  const { prepare } = (await import(values.module)) as { prepare: Prepare<unknown> };
  await onStage(
    ({ withEngine }) =>
      withEngine(async (engine) => {
        const once = await prepare(engine, JSON.parse(values.args));
        say({ ready: true });
        for await (const line of createInterface({ input: process.stdin }))
          say(await answer(once, line));
      }),
    { threads: values.threads === undefined ? undefined : Number(values.threads) },
  );
} catch (error) {
  say({ error: String(error) });
}
