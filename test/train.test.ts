/**
 * `likeness train` as a process: what a run leaves, and that a killed one goes on to the same end.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { patchOf } from '../src/methods/index.ts';
import { readCheckpointInfo } from '../src/run/index.ts';
import { expectSuccess, openTrainings, STEPS, settings, training } from './train.cases.ts';

const { at, checkpointsOf, eventsOf, finalOf, lossesOf, trainWhole, untilCheckpoints, workplace } =
  openTrainings();

beforeAll(trainWhole);

describe('a run', () => {
  it('writes every step once, with step, epoch and loss', () => {
    const steps = eventsOf('whole').filter(({ kind }) => kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expect(steps.map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: STEPS }, (_, i) => Math.floor(i / 6)),
    );
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it('learns: the loss falls from where it starts', () => {
    const losses = lossesOf('whole').map(([, loss]) => loss!);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-20))).toBeLessThan(0.9 * mean(losses.slice(0, 10)));
  });

  it('names checkpoints so that sorting by version or by text orders them by step', async () => {
    const names = checkpointsOf('whole');
    expect(names.length).toBeGreaterThan(1);
    const steps = await Promise.all(
      names.map(async (name) => (await readCheckpointInfo(at('whole', 'checkpoints', name))).step),
    );
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(names.toSorted(new Intl.Collator('en', { numeric: true }).compare)).toEqual(names);
    expect(steps.at(-1)).toBe(STEPS);
  });

  it('stores settings, preset and reason, and an empty list of skipped files', () => {
    const config = JSON.parse(readFileSync(at('whole', 'config.json'), 'utf8'));
    const typed = patchOf({ ...settings, seed: 0 }).settings;
    expect(config).toMatchObject({ preset: 'small-32', images: 96, settings: typed });
    expect(config.notes[0]).toBe('preset small-32: images of about 20 px: two crops');
    expect(readFileSync(at('whole', 'skipped.csv'), 'utf8').trim().split('\n').length).toBe(1);
  });
});

describe('an interrupted run', { timeout: 400_000 }, () => {
  it('killed without warning, goes on to the same end, with every step once', async () => {
    const started = workplace.start(...training('killed'));
    await untilCheckpoints('killed', 2, started);
    // It must not end while another command starts.
    started.process.kill('SIGSTOP');
    const second = await workplace.run(...training('killed'), '--resume', '--json');
    expect(second.code).toBe(4);
    expect(JSON.parse(second.stdout).error.code).toBe('run.locked');
    started.process.kill('SIGKILL');
    expect((await started.ended).signal).toBe('SIGKILL');
    expect(lossesOf('killed').length).toBeLessThan(STEPS);
    const resumed = await workplace.run(...training('killed'), '--resume');
    expectSuccess(resumed);
    expect(resumed.stdout).toMatch(/resuming from step \d+/);
    expect(finalOf('killed').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('killed')).toEqual(lossesOf('whole'));
  });
});
