import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { type TailedEvent, tailEvents } from './tailEvents.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'events.jsonl');
const line = (step: number) => `${JSON.stringify({ kind: 'step', step })}\n`;
const stepsOf = (events: readonly TailedEvent[]) => events.map(({ event }) => event.step);

/**
 * Reads until the file has nothing new, does the next change, and goes on. Ends after the last one.
 */
async function tail(changes: readonly (() => Promise<void>)[], from = 0): Promise<TailedEvent[]> {
  const controller = new AbortController();
  const waiting = [...changes];
  const pause = async () => {
    const change = waiting.shift();
    if (change) await change();
    else controller.abort();
  };
  const found: TailedEvent[] = [];
  for await (const event of tailEvents(file(), { from, signal: controller.signal, pause })) {
    found.push(event);
  }
  return found;
}

describe('tailEvents', () => {
  it('follows a file that grows, and waits for one that is not there yet', async () => {
    const found = await tail([
      () => writeFile(file(), line(1)),
      () => appendFile(file(), line(2) + line(3)),
    ]);
    expect(stepsOf(found)).toEqual([1, 2, 3]);
    expect(found.at(-1)?.offset).toBe(Buffer.byteLength(line(1) + line(2) + line(3)));
  });

  it('replays what follows an offset', async () => {
    await writeFile(file(), line(1) + line(2) + line(3));
    const [first] = await tail([]);
    expect(stepsOf(await tail([], first!.offset))).toEqual([2, 3]);
  });

  it('leaves a last line until it is complete, also within a character', async () => {
    const text = Buffer.from(`${JSON.stringify({ step: 7, name: 'é' })}\n`);
    const cut = text.indexOf(0xa9);
    await writeFile(file(), line(1));
    const found = await tail([
      () => appendFile(file(), text.subarray(0, cut)),
      () => appendFile(file(), text.subarray(cut)),
    ]);
    expect(stepsOf(found)).toEqual([1, 7]);
    expect(found[1]?.event.name).toBe('é');
  });

  it('leaves out lines that are no objects', async () => {
    await writeFile(file(), `[1]\nnull\n{"a":\n{"__proto__":{}}\n${line(4)}`);
    expect(stepsOf(await tail([]))).toEqual([4]);
  });

  it('starts again where the file became shorter', async () => {
    await writeFile(file(), line(1) + line(2) + line(3));
    const found = await tail([
      () => truncate(file(), line(1).length),
      () => appendFile(file(), line(9)),
    ]);
    expect(stepsOf(found)).toEqual([1, 2, 3, 1, 9]);
  });
});
