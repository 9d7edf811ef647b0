import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { writeTinyRun } from './explore.cases.ts';
import { openExplorer } from './explorer.ts';
import { openForPage } from './openedRun.ts';
import { hasEncoder, prepare } from './prepare.ts';
import { findRuns } from './runs.ts';

const folder = useTemporaryFolder();

describe('prepare', () => {
  it('opens the last run of the source, and no job where it has clusters', async () => {
    const { photos } = await writeTinyRun(folder.path);
    const explorer = openExplorer({ cwd: folder.path });
    for (const encoder of [undefined, 'patches']) {
      const { job, close } = await prepare(explorer, photos, { cwd: folder.path, encoder });
      expect(job).toBeUndefined();
      expect((await explorer.overview()).name).toBe('tiny');
      await close();
    }
    await explorer.close();
  });

  it('refuses a source that is not there, before any run is made', async () => {
    const explorer = openExplorer({ cwd: folder.path });
    const nowhere = prepare(explorer, `${folder.path}/none`, { cwd: folder.path });
    await expect(nowhere).rejects.toMatchObject({ code: expect.stringMatching(/^source\./) });
    expect(await findRuns(folder.path)).toEqual([]);
    await explorer.close();
  });
});

it('takes a run with the encoder that is asked for', async () => {
  const { run } = await writeTinyRun(folder.path);
  const opened = await openForPage(run);
  const fits = (encoder?: string) => hasEncoder(opened.config!, encoder);
  expect([fits(), fits('patches')]).toEqual([true, true]);
  expect([fits('train'), fits('hub:a/b'), fits('patches.onnx')]).toEqual([false, false, false]);
  await opened.close();
});
