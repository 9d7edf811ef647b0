import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';
import { lossesOfOpenEpoch, trainingSeconds } from './trainingTime.ts';

const folder = useTemporaryFolder();

it('reads the seconds after a step, and the losses of the epoch that it lies in', async () => {
  const step = (at: number) => ({ kind: 'step', step: at, epoch: 0, loss: at / 3, seconds: at });
  const events = [
    { kind: 'run-started', step: 0, epoch: 0, method: 'swav', source: 'a', resumed: false },
    ...[step(1), step(2), { kind: 'epoch', step: 2, epoch: 0, loss: 0.5 }],
    ...[step(3), { ...step(4), loss: null }, { kind: 'epoch', step: 4, epoch: 1, loss: null }],
  ];
  const file = join(folder.path, 'events.jsonl');
  await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  expect(await trainingSeconds(file, [0, 1, 4])).toEqual([0, 1, 4]);
  expect(await lossesOfOpenEpoch(file, 1)).toEqual([1 / 3]);
  expect(await lossesOfOpenEpoch(file, 2)).toEqual([]);
  expect(await lossesOfOpenEpoch(file, 3)).toEqual([1]);
  expect(await lossesOfOpenEpoch(file, 4)).toEqual([]);
  const cut = events.slice(0, -1).map((event) => `${JSON.stringify(event)}\n`);
  await writeFile(file, cut.join(''));
  expect(await lossesOfOpenEpoch(file, 4)).toEqual([1, Number.NaN]);
});
