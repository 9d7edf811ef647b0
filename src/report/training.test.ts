/** Curves, facts and label-free measures from the event log of a run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type RunEvent, runFolderAt } from '../run/index.ts';
import { readTraining } from './training.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-report-training-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(events: readonly RunEvent[]) {
  const run = runFolderAt(mkdtempSync(join(folder, 'run-')));
  writeFileSync(run.files.events, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return readTraining(run.files.events);
}

const started = (randomBaselineLoss: number | null): RunEvent => ({
  ...{ kind: 'run-started', step: 0, epoch: 0, method: 'swav', source: '/x', resumed: false },
  facts: { randomBaselineLoss, prototypes: 64, notes: ['from the method'] },
});
const step = (at: number): RunEvent => ({ kind: 'step', step: at, epoch: 0, loss: 5 - at });
const epoch = (at: number, usageEntropy?: number): RunEvent => ({
  ...{ kind: 'epoch', step: at, epoch: at - 1, loss: 4 },
  ...(usageEntropy !== undefined && { usageEntropy }),
});
const measures = (at: number, values: Record<string, number | null>): RunEvent => ({
  ...{ kind: 'measures', step: at, epoch: at - 1, images: 2000, duration: 1 },
  ...values,
});

describe('the training of a report', () => {
  it('has the use of prototypes after each epoch, at its steps', async () => {
    const epochs = [0.9, 0.8, 0.7].flatMap((entropy, i) => [step(i + 1), epoch(i + 1, entropy)]);
    const { training } = await read([started(Math.log(64)), ...epochs]);
    expect(training!.usage).toEqual({ steps: [1, 2, 3], entropy: [0.9, 0.8, 0.7] });
    expect(training!.loss).toEqual([4, 3, 2]);
    expect(training!.chance).toEqual({ value: Math.log(64), name: 'ln 64' });
    expect(training!.notes).toEqual(['from the method']);
  });

  // Faulty before: the report rebuilt the training graph without the unlabeled images of the run.
  it('has no random baseline where the run had none, as in epochs of two parts', async () => {
    const { training } = await read([started(null), step(1), step(2)]);
    expect(training).not.toHaveProperty('chance');
    expect(training!.notes).toEqual(['from the method']);
  });

  it('names a random baseline that is not the logarithm of a whole number', async () => {
    const { training } = await read([started(1.5), step(1), step(2)]);
    expect(training!.chance).toEqual({ value: 1.5, name: 'random baseline' });
  });

  it('takes the facts of the last session', async () => {
    const { training } = await read([started(1.5), step(1), started(2.5), step(2)]);
    expect(training!.chance!.value).toBe(2.5);
  });

  it('says that an old run has no random baseline', async () => {
    const { facts: _, ...old } = started(1.5);
    const { training } = await read([old as RunEvent, step(1), step(2)]);
    expect(training).not.toHaveProperty('chance');
    expect(training!.notes).toEqual([
      expect.stringContaining('did not record the random-baseline loss'),
    ]);
  });

  it('has none where the method has no prototypes, or there is one epoch', async () => {
    expect((await read([step(1), epoch(1), step(2), epoch(2)])).training!.usage).toBeUndefined();
    expect((await read([step(1), step(2), epoch(2, 0.9)])).training!.usage).toBeUndefined();
  });

  it('has the last measures beside the first, the one that tracks true clusters named', async () => {
    const { measures: found } = await read([
      step(1),
      measures(1, {
        viewAgreement: 0.2,
        epochStability: null,
        silhouette: 0.5,
        prototypeUsage: null,
      }),
      step(2),
      measures(2, {
        viewAgreement: 0.6,
        epochStability: 0.3,
        silhouette: 0.4,
        prototypeUsage: null,
      }),
    ]);
    expect(found!.when).toContain('On 2,000 images, the same each time, after step 2.');
    expect(found!.items.map(({ name, value, first }) => [name, value, first])).toEqual([
      ['View agreement', 0.6, 0.2],
      ['Stability over epochs', 0.3, undefined],
      ['Separation', 0.4, 0.5],
    ]);
    const tracking = found!.items.filter(({ meaning }) =>
      meaning.includes('tracked true clusters'),
    );
    expect(tracking.map(({ name }) => name)).toEqual(['View agreement']);
  });

  it('is absent where nothing was measured or trained', async () => {
    expect(await read([step(1), epoch(1, 1)])).toEqual({});
  });
});
