import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, writeConfig } from './config.ts';
import { claimRunFolder, createRunFolder, openRunFolder, requireFree, runName } from './folder.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const named = { date: '2025-03-01', method: 'swav', source: '/pictures/My Photos (2024)' };

describe('run folders', () => {
  it('have names that any file system takes', () => {
    expect(runName(named)).toBe('2025-03-01-swav-my-photos-2024');
    expect(runName({ ...named, source: './Été 猫/' })).toBe('2025-03-01-swav-été-猫');
    expect(runName({ ...named, source: '/' })).toBe('2025-03-01-swav-images');
    expect(runName({ ...named, source: '../../..:?*' })).toBe('2025-03-01-swav-images');
  });

  it('take the next free name and never an existing folder', async () => {
    const root = join(folder.path, 'runs');
    const runs = await Promise.all([1, 2, 3].map(() => createRunFolder({ ...named, root })));
    expect(runs.map((run) => run.name).sort()).toEqual([
      '2025-03-01-swav-my-photos-2024',
      '2025-03-01-swav-my-photos-2024-2',
      '2025-03-01-swav-my-photos-2024-3',
    ]);
    expect(await readdir(runs[0]!.path)).toEqual(['checkpoints']);
  });

  it('refuse an `out` that holds a run or anything else, and use an empty one', async () => {
    const out = join(folder.path, 'mine');
    const run = await createRunFolder({ ...named, out });
    expect(run.files.events).toBe(join(out, 'events.jsonl'));
    await writeConfig(run, { method: 'swav' });
    await expect(createRunFolder({ ...named, out })).rejects.toThrow(
      `${out} already holds a run. Add \`resume\` to continue it`,
    );
    const other = join(folder.path, 'other');
    await mkdir(other);
    await writeFile(join(other, 'thesis.txt'), '');
    await expect(createRunFolder({ ...named, out: other })).rejects.toThrow(
      /is not empty \(it has "thesis.txt"\)/,
    );
    await expect(
      createRunFolder({ ...named, out: join(other, 'thesis.txt') }),
    ).rejects.toMatchObject({
      name: 'LikenessError',
    });
  });

  it('are known to be taken before any work', async () => {
    await requireFree(join(folder.path, 'not-there'));
    const taken = join(folder.path, 'taken');
    await mkdir(join(taken, 'checkpoints'), { recursive: true });
    await requireFree(taken);
    await writeFile(join(taken, 'checkpoints', 'step-1.safetensors'), '');
    await expect(requireFree(taken)).rejects.toThrow(/is not empty \(it has "checkpoints"\)/);
    await expect(
      requireFree(join(taken, 'checkpoints', 'step-1.safetensors')),
    ).rejects.toMatchObject({
      name: 'LikenessError',
    });
  });

  it('are opened only when they are runs', async () => {
    await expect(openRunFolder(join(folder.path, 'none'))).rejects.toThrow(
      /the folder does not exist/,
    );
    await expect(openRunFolder(folder.path)).rejects.toThrow(/is not a run: it has no config.json/);
    const odd = join(folder.path, 'odd');
    await mkdir(join(odd, 'config.json'), { recursive: true });
    await expect(openRunFolder(odd)).rejects.toThrow(/its config.json is a folder, not a regular/);
    const run = await createRunFolder({ ...named, out: join(folder.path, 'run') });
    await writeConfig(run, {});
    expect(await openRunFolder(run.path)).toEqual(run);
    await expect(openRunFolder(run.files.config)).rejects.toThrow(
      /is a file; expected the folder of a run/,
    );
  });
});

describe('config.json', () => {
  it('gives back what was stored', async () => {
    const run = await createRunFolder({ ...named, out: join(folder.path, 'run') });
    const config = { method: 'swav', epochs: 3, nested: { list: [1, 2], none: null } };
    await writeConfig(run, config);
    expect(await readConfig(run)).toEqual(config);
  });

  it.each([
    ['{"version": 99}', /has version 99; this program reads up to 5. Use the newer likeness/],
    ['{"method": "swav"}', /has version none; expected 5/],
    ['[1]', /must hold one JSON object/],
    ['{"version": 1', /is not JSON/],
  ])('refuses %s', async (text, message) => {
    const run = await createRunFolder({ ...named, out: join(folder.path, 'run') });
    await expect(readConfig(run)).rejects.toThrow(/Could not read/);
    await writeFile(run.files.config, text);
    await expect(readConfig(run)).rejects.toThrow(message);
  });
});

it('of two processes that begin in one folder lets one write', async () => {
  const out = join(folder.path, 'both');
  const options = { out, date: '2025-03-01', method: 'swav', source: 'photos' };
  const claims = await Promise.allSettled([claimRunFolder(options), claimRunFolder(options)]);
  const [won] = claims.filter((claim) => claim.status === 'fulfilled');
  const [lost] = claims.filter((claim) => claim.status === 'rejected');
  expect(lost!.reason).toMatchObject({ code: 'run.locked' });
  // The lock of a process that was killed before it wrote a run does not stand in the way.
  won!.value.lock.release();
  await writeFile(
    won!.value.folder.files.lock,
    JSON.stringify({ pid: process.pid, host: hostname(), started: 'an earlier process' }),
  );
  const { folder: made, lock } = await claimRunFolder(options);
  await writeFile(made.files.config, '{}');
  lock.release();
  await expect(claimRunFolder(options)).rejects.toMatchObject({ code: 'run.exists' });
});
