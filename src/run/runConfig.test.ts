import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../methods/index.ts';
import { runFolderAt } from './files.ts';
import { type RunConfig, readRunConfig, writeRunConfig } from './runConfig.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const config: RunConfig = {
  settings: resolveSettings({ method: { name: 'swav' } }),
  source: { path: '/photos', name: 'photos', kind: 'folder' },
  ...{ split: 'train', images: 30, preset: 'small-32', notes: ['a note'], threads: 2 },
  budget: { minutes: 0.5 },
};

describe('the configuration of a run', () => {
  it('is given back with checked settings', async () => {
    await writeRunConfig(runFolderAt(folder.path), config);
    expect(await readRunConfig(runFolderAt(folder.path))).toEqual(config);
  });

  it.each([
    ['{"version": 2}', /config\.json: settings: /],
    [JSON.stringify({ version: 2, ...config, images: 'many' }), /config\.json: images: /],
    [JSON.stringify({ version: 2, ...config, budget: {} }), /config\.json: budget: /],
  ])('names the field that is wrong', async (text, message) => {
    const run = runFolderAt(folder.path);
    await writeFile(run.files.config, text);
    await expect(readRunConfig(run)).rejects.toThrow(message);
    await expect(readRunConfig(run)).rejects.toMatchObject({ code: 'config.malformed' });
  });
});
