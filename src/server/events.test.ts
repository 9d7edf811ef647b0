/** The stream of events: replay of a training, and changes as they happen. */
import { appendFile, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeTinyRun } from '../explore/explore.cases.ts';
import { type Explorer, openExplorer, openForPage } from '../explore/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';
import { offsetOf } from './events.ts';
import type { TrainingAnswer } from './protocol.ts';

const folder = useTemporaryFolder();
const host = '127.0.0.1:4807';
const trained = fileURLToPath(new URL('../../test/fixtures/runs/swav', import.meta.url));
let explorer: Explorer;
let closing: AbortController;
let app: ReturnType<typeof createApp>;

beforeEach(async () => {
  await cp(trained, join(folder.path, 'runs/swav'), { recursive: true });
  closing = new AbortController();
  explorer = openExplorer({ cwd: folder.path });
  await explorer.show(await openForPage(join(folder.path, 'runs/swav')));
  app = createApp({
    ...{ explorer, page: new Map(), token: 'x', port: () => 4807, closing: closing.signal },
    report: () => {},
  });
});
afterEach(async () => {
  closing.abort();
  await explorer.close();
});

interface Sent {
  id?: string;
  event?: string;
  data?: string;
}

/** Opens the stream, and reads events one by one. */
async function open(given: Record<string, string> = {}, query = '') {
  const answer = await app.request(`http://${host}/api/events${query}`, {
    headers: { host, ...given },
  });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  async function next(): Promise<Sent | undefined> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const fields = Object.fromEntries(
          block.split('\n').map((line) => {
            const at = line.indexOf(':');
            return [line.slice(0, at), line.slice(at + 1).trim()];
          }),
        );
        if ('event' in fields) return fields;
        continue;
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  }
  return { answer, next, cancel: () => reader.cancel() };
}

describe('events', () => {
  it('replay the log of a training, go on where a page left off, and follow the file', async () => {
    const first = await open();
    expect(first.answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const sent: Sent[] = [];
    for (let i = 0; i < 17; i++) sent.push((await first.next())!);
    expect(sent.map(({ event }) => event)).toEqual(Array(17).fill('log'));
    expect(JSON.parse(sent[0]!.data!)).toMatchObject({ kind: 'run-started', method: 'swav' });
    await first.cancel();

    const again = await open({ 'last-event-id': sent[14]!.id! });
    expect([await again.next(), await again.next()]).toEqual(sent.slice(15));
    const file = join(folder.path, 'runs/swav/events.jsonl');
    await appendFile(file, '{"kind":"step","step":11,"epoch":1,"loss":3}\n{"kind":"st');
    expect(JSON.parse((await again.next())!.data!)).toMatchObject({ step: 11 });
    await again.cancel();
  });

  it('begin with the lines that are added, after a page has read the others', async () => {
    const file = join(folder.path, 'runs/swav/events.jsonl');
    await appendFile(file, '{"kind":"step","step":11,"epoch":1,');
    const stream = await open({}, '?from=end');
    await appendFile(file, '"loss":3}\n{"kind":"step","step":12,"epoch":1,"loss":3}\n');
    // The line that was not complete yet comes as a whole.
    const steps = [await stream.next(), await stream.next()].map(({ data }: Sent = {}) => {
      return (JSON.parse(data!) as { step: number }).step;
    });
    expect(steps).toEqual([11, 12]);
    await stream.cancel();
  });

  it('tell of another run, and end with the server', async () => {
    const { run } = await writeTinyRun(folder.path);
    const stream = await open({}, '?from=999999');
    await explorer.show(await openForPage(run));
    let sent = await stream.next();
    while (sent?.event !== 'run') sent = await stream.next();
    expect(JSON.parse(sent.data!)).toEqual({ key: explorer.current().key });
    await explorer.edit({ version: 0, change: [{ type: 'lock', cluster: 0, locked: true }] });
    expect((await stream.next())?.event).toBe('edits');
    closing.abort();
    expect(await stream.next()).toBeUndefined();
  });

  it('have ids of byte offsets alone', () => {
    expect([offsetOf('log:120'), offsetOf('log:-1'), offsetOf('7'), offsetOf(undefined)]).toEqual([
      ...[120, undefined, undefined, undefined],
    ]);
  });
});

describe('a training', () => {
  it('is described by its log', async () => {
    const answer = await app.request(`http://${host}/api/training`, { headers: { host } });
    const training = (await answer.json()) as TrainingAnswer;
    expect(training).toMatchObject({
      ...{ state: 'interrupted', step: 10, epoch: 1, totalSteps: 32, health: 'warming up' },
      verdict: expect.stringContaining('loss 3.876'),
    });
    expect(training.steps).toEqual([...Array(10).keys()].map((i) => i + 1));
    expect(training.loss[0]).toBeCloseTo(4.4496, 4);
    expect(training.throughput).toBeGreaterThan(0);
  });

  it('is read on from where the last answer ended, and again after a shorter log', async () => {
    const read = async () => {
      const answer = await app.request(`http://${host}/api/training`, { headers: { host } });
      return (await answer.json()) as TrainingAnswer;
    };
    const file = join(folder.path, 'runs/swav/events.jsonl');
    const before = await read();
    await appendFile(file, '{"kind":"step","step":11,"epoch":1,"loss":3}\n{"kind":"step","step":1');
    expect((await read()).steps).toEqual([...before.steps, 11]);
    await appendFile(file, '2,"epoch":1,"loss":2.5}\n');
    const after = await read();
    expect(after.steps).toEqual([...before.steps, 11, 12]);
    expect(after.loss.slice(-2)).toEqual([3, 2.5]);
    await writeFile(file, '{"kind":"step","step":1,"epoch":0,"loss":4}\n');
    expect(await read()).toMatchObject({ step: 1, steps: [1], loss: [4] });
  });
});
