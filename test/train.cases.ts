/**
 * Tiny runs of `likeness train` as a process, on pictures that are made here: a run takes a second
 * or two.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import { type Ended, openWorkplace, type Started, writeTextures } from './likeness.cases.ts';

export const STEPS = 150;
export const settings = {
  architecture: 'resnet10',
  width: 4,
  crops: '2x16',
  scales: '0.3-1',
  imageSize: 16,
  batchSize: 16,
  method: 'swav',
  prototypes: 12,
  hiddenLength: 16,
  embeddingLength: 8,
  epochs: 40,
  threads: 1,
  checkpointSeconds: 0.1,
  keepCheckpoints: 1000,
  maxSteps: STEPS,
};
export const set = (values: Record<string, unknown>) =>
  Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
/** The command that trains into a folder; what is given in addition wins. */
export const training = (out: string, more: Record<string, unknown> = {}) => [
  ...['train', 'pictures', '--out', out],
  ...set({ ...settings, ...more }),
];

export function expectNoTrace({ stdout, stderr }: Ended): void {
  expect(stdout + stderr).not.toMatch(/^\s+at |internal error|UnhandledPromise/m);
}
export function expectSuccess(ended: Ended): void {
  expect(ended.code, ended.stderr).toBe(0);
  expectNoTrace(ended);
}

/** Opens a folder for the runs of one test file, which is removed after its tests. */
export function openTrainings() {
  const workplace = openWorkplace();
  afterAll(() => workplace.remove());
  const at = (...path: string[]) => join(workplace.path, ...path);
  const checkpointsOf = (out: string) =>
    readdirSync(at(out, 'checkpoints'))
      .filter((name) => !name.startsWith('.'))
      .sort();
  /** The last checkpoint's bytes. */
  function finalOf(out: string): Buffer {
    const last = checkpointsOf(out).at(-1)!;
    expect(last).toContain(`${STEPS}.safetensors`);
    return readFileSync(at(out, 'checkpoints', last));
  }
  function eventsOf(out: string): { kind: string; step: number; epoch: number; loss: number }[] {
    return readFileSync(at(out, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
  const lossesOf = (out: string) =>
    eventsOf(out).flatMap(({ kind, step, loss }) => (kind === 'step' ? [[step, loss]] : []));

  /** Waits until a run has so many checkpoints and has not ended. */
  async function untilCheckpoints(out: string, count: number, { process }: Started): Promise<void> {
    for (;;) {
      expect(process.exitCode, 'the run ended too early').toBeNull();
      try {
        if (checkpointsOf(out).length >= count) return;
      } catch {
        // The folder is not there yet.
      }
      await sleep(10);
    }
  }

  /** Makes the pictures, and the run `whole` that others are compared with. */
  async function trainWhole(): Promise<void> {
    await writeTextures(at('pictures'), 96);
    expectSuccess(await workplace.run(...training('whole')));
  }
  return {
    ...{ workplace, at, checkpointsOf, finalOf, eventsOf, lossesOf },
    ...{ untilCheckpoints, trainWhole },
  };
}
