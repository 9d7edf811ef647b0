import { execFileSync } from 'node:child_process';
import { appendFile, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEventLog, readEvents } from './events.ts';
import type { RunEvent } from './runEvent.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'events.jsonl');
const step = (n: number): RunEvent => ({ kind: 'step', step: n, epoch: 0, loss: 6 - n / 100 });
const all = async () => {
  const events: RunEvent[] = [];
  for await (const event of readEvents(file())) events.push(event);
  return events;
};

describe('events.jsonl', () => {
  it('keeps events in order, one JSON object per line', async () => {
    const log = await openEventLog(file());
    const events: RunEvent[] = [
      {
        kind: 'run-started',
        step: 0,
        epoch: 0,
        method: 'swav',
        source: 'ünïcode\nname',
        resumed: false,
      },
      ...Array.from({ length: 500 }, (_, i) => step(i + 1)),
    ];
    for (const event of events) log.append(event);
    await log.close();
    expect(await all()).toEqual(events);
    expect((await readFile(file(), 'utf8')).split('\n').length).toBe(502);
  });

  it('writes a loss that is not a number as null', async () => {
    const log = await openEventLog(file());
    log.append({ kind: 'step', step: 1, epoch: 0, loss: Number.NaN });
    await log.flush();
    expect(await readFile(file(), 'utf8')).toBe('{"kind":"step","step":1,"epoch":0,"loss":null}\n');
    await log.close();
  });

  it('ignores a last line that a kill has cut short, and removes it on opening', async () => {
    await writeFile(file(), `${JSON.stringify(step(1))}\n{"kind":"step","st`);
    expect(await all()).toEqual([step(1)]);
    const log = await openEventLog(file());
    log.append(step(2));
    await log.close();
    expect(await all()).toEqual([step(1), step(2)]);
  });

  it('holds each step once after a resume or a rewind', async () => {
    const first = await openEventLog(file());
    for (let n = 1; n <= 9; n++) first.append(step(n));
    await first.close();
    await appendFile(file(), '{"kind":"step","step":10');
    const resumed = await openEventLog(file(), { resumeStep: 5 });
    for (let n = 6; n <= 8; n++) resumed.append(step(n));
    await resumed.rewind(6);
    resumed.append(step(7));
    await resumed.close();
    expect((await all()).map((event) => event.step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await (await openEventLog(file(), { resumeStep: 0 })).close();
    expect(await all()).toEqual([]);
  });

  it('drops work before an epoch that is done again at the step resumed from', async () => {
    const at = (step: number) => ({ step, epoch: 0, duration: 0.1 });
    const work = (kind: 'stage' | 'phase', step: number): RunEvent =>
      kind === 'stage' ? { kind, stage: 'contrast', ...at(step) } : { kind, ...at(step) };
    const log = await openEventLog(file());
    for (const event of [work('stage', 0), step(1), step(2), work('phase', 2)]) log.append(event);
    await log.close();
    const resumed = await openEventLog(file(), { resumeStep: 2 });
    resumed.append(work('phase', 2));
    await resumed.close();
    const kinds = async () => (await all()).map((event) => `${event.kind} ${event.step}`);
    expect(await kinds()).toEqual(['stage 0', 'step 1', 'step 2', 'phase 2']);
    await (await openEventLog(file(), { resumeStep: 0 })).close();
    expect(await kinds()).toEqual([]);
  });

  it('names a damaged line in the middle, and a missing file', async () => {
    await writeFile(file(), `${JSON.stringify(step(1))}\nnonsense\n${JSON.stringify(step(2))}\n`);
    await expect(all()).rejects.toThrow(`Line 2 of ${file()} is not an event`);
    const none = async () => {
      for await (const _ of readEvents(join(folder.path, 'none'))) break;
    };
    await expect(none()).rejects.toMatchObject({ code: 'events.missing' });
    await expect(openEventLog(join(folder.path, 'no', 'such'))).rejects.toMatchObject({
      code: 'write.failed',
    });
  });

  it('reports a full disk at the next call', async () => {
    const full = async (path: string, flags: string) => {
      const handle = await open(path, flags);
      handle.appendFile = async () => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      return handle;
    };
    const log = await openEventLog(file(), { openFile: full as typeof open });
    log.append(step(1));
    await expect(log.flush()).rejects.toThrow(/events.jsonl: the disk is full/);
    expect(() => log.append(step(2))).toThrow(/the disk is full/);
    await expect(log.close()).rejects.toThrow(/the disk is full/);
  });
});

describe.runIf(process.platform !== 'win32')('a named pipe in place of the file', () => {
  it('is refused for reading and for writing, by its name', async () => {
    execFileSync('mkfifo', [file()]);
    await expect(all()).rejects.toThrow(
      /Could not read .*events\.jsonl: a named pipe, not a regular file/,
    );
    await expect(openEventLog(file())).rejects.toMatchObject({ code: 'write.irregular' });
  });
});

describe('a file without line ends', () => {
  it('is read up to 16 MiB, and has no event', async () => {
    await writeFile(file(), Buffer.alloc(17 * 2 ** 20, 'x'));
    expect(await all()).toEqual([]);
  });
});
