import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPlan, writePlan } from './plan.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'plan.json');

it('gives back the kernels, and none before there are any', async () => {
  expect(await readPlan(file())).toEqual({});
  await writePlan(file(), { 'conv2d|1x3': 'blocked' });
  expect(await readPlan(file())).toEqual({ 'conv2d|1x3': 'blocked' });
});

it('refuses a damaged plan with an error that people can read', async () => {
  await writeFile(file(), '{"conv2d|1x3": ');
  await expect(readPlan(file())).rejects.toThrow(/plan\.json is damaged or was changed/);
});
