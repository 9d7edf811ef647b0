import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../methods/index.ts';
import { runFolderAt } from './files.ts';
import { openRunFolder } from './folder.ts';
import {
  type FeaturesConfig,
  type RunConfig,
  readRunConfig,
  readTrainedConfig,
  type TrainedConfig,
  writeRunConfig,
} from './runConfig.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';
import { featuresConfig } from './testConfig.cases.ts';

const folder = useTemporaryFolder();
const source = { path: '/photos', name: 'photos', kind: 'folder' };
const trained: TrainedConfig = {
  ...{ kind: 'trained', source, split: 'train', images: 30, notes: ['a note'], threads: 2 },
  ...{ preset: 'small-32', settings: resolveSettings({ method: { name: 'swav' } }) },
  budget: { minutes: 0.5 },
};
const features: FeaturesConfig = {
  ...featuresConfig,
  source: { ...source, exclude: ['raw/**'], labels: 'none' },
};

describe('the configuration of a run', () => {
  it.each<[RunConfig]>([[trained], [features]])(
    'is given back with checked settings',
    async (config) => {
      await writeRunConfig(runFolderAt(folder.path), config);
      expect(await readRunConfig(runFolderAt(folder.path))).toEqual(config);
    },
  );

  it.each<[object, RegExp]>([
    [{ ...trained, settings: undefined }, /config\.json: settings: /],
    [{ ...trained, images: 'many' }, /config\.json: images: /],
    [{ ...trained, source: { ...source, range: [9, 1] } }, /config\.json: source\.range: /],
    [{ ...features, source: { ...source, exclude: 'raw' } }, /config\.json: source\.exclude: /],
    [{ ...trained, budget: {} }, /config\.json: budget: /],
    [{ ...trained, kind: 'frozen' }, /config\.json: kind: /],
    [{ ...features, imageSize: 0 }, /config\.json: imageSize: /],
    [{ ...features, imageSize: 1e5 }, /config\.json: imageSize: /],
    [{ ...features, workers: 1e5 }, /config\.json: workers: /],
    [{ ...trained, threads: 1e5 }, /config\.json: threads: /],
    [{ ...trained, budget: { minutes: 1e300 } }, /config\.json: budget\./],
    [{ ...trained, budget: { epochs: 1e15 } }, /config\.json: budget\./],
    [{ ...trained, images: 1e15 }, /config\.json: images: /],
    [
      { ...features, encoder: { name: 'patchwork', settings: {} } },
      /config\.json: encoder\.name: /,
    ],
    [
      { ...features, encoder: { name: 'patches', settings: { size: 1 } } },
      /config\.json: encoder\.set/,
    ],
    // Only what is read is stored.
    [{ ...features, preset: 'small-32' }, /Unrecognized key: "preset"/],
  ])('names the field that is wrong in %o', async (content, message) => {
    const run = runFolderAt(folder.path);
    await writeFile(run.files.config, JSON.stringify({ version: 3, ...content }));
    await expect(readRunConfig(run)).rejects.toThrow(message);
    await expect(readRunConfig(run)).rejects.toMatchObject({ code: 'config.malformed' });
  });

  it.each(['swav', 'deepcluster'])(
    'of before there were kinds is that of a trained run: %s',
    async (name) => {
      const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../test/fixtures/runs');
      const run = await openRunFolder(join(fixtures, name));
      const config = await readTrainedConfig(run, 'resume');
      expect(config).toMatchObject({ kind: 'trained', settings: { method: { name } } });
    },
  );

  it('of patch features is refused where a trained network is needed', async () => {
    const run = runFolderAt(folder.path);
    await writeRunConfig(run, features);
    const refused = readTrainedConfig(run, 'resume');
    await expect(refused).rejects.toMatchObject({ code: 'run.untrained' });
    await expect(refused).rejects.toThrow(
      /^resume: received the run .*"patches" is not trained; expected/,
    );
  });
});
