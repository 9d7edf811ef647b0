import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runFolderAt } from './files.ts';
import { clearStaleLocks, lockRun } from './lock.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();

describe('clearStaleLocks', () => {
  it('removes the locks of killed processes, and no other', async () => {
    const run = runFolderAt(folder.path);
    await clearStaleLocks(run);
    const killed = { pid: process.pid, host: hostname(), started: 'boot/1' };
    for (const file of ['lock', 'clustersLock', 'evaluationLock'] as const) {
      await writeFile(run.files[file], JSON.stringify(killed));
    }
    await clearStaleLocks(run);
    expect(await readdir(folder.path)).toEqual([]);
    await writeFile(run.files.lock, JSON.stringify({ ...killed, host: 'elsewhere' }));
    await clearStaleLocks(run);
    expect(existsSync(run.files.lock)).toBe(true);
    await rm(run.files.lock);
    const lock = await lockRun(run);
    await clearStaleLocks(run);
    expect(existsSync(run.files.lock)).toBe(true);
    lock.release();
  });
});

describe('lockRun', () => {
  it('lets one in at a time', async () => {
    const run = runFolderAt(folder.path);
    const results = await Promise.allSettled([lockRun(run), lockRun(run), lockRun(run)]);
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners.length).toBe(1);
    await expect(lockRun(run)).rejects.toThrow(
      `${run.path} is being written by process ${process.pid}. Wait until`,
    );
    winners[0]!.value.release();
    winners[0]!.value.release();
    expect(await readdir(folder.path)).toEqual([]);
    (await lockRun(run)).release();
  });

  it('takes over from a process that was killed', async () => {
    const run = runFolderAt(folder.path);
    const script = `
      const { lockRun } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)});
      const { runFolderAt } = await import(${JSON.stringify(new URL('./files.ts', import.meta.url).href)});
      await lockRun(runFolderAt(process.argv[1]));
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder.path]);
    await once(child.stdout, 'data');
    await expect(lockRun(run)).rejects.toThrow(`written by process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(run.files.lock)).toBe(true);
    const lock = await lockRun(run);
    expect(JSON.parse(await readFile(run.files.lock, 'utf8')).pid).toBe(process.pid);
    lock.release();
  });

  it('removes what killed attempts have left', async () => {
    const run = runFolderAt(folder.path);
    const ended = spawn(process.execPath, ['--version']);
    await once(ended, 'exit');
    await writeFile(`${folder.path}/.run.lock.${ended.pid}-0.tmp`, 'torn');
    (await lockRun(run)).release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('does not take a used-again process number for the earlier process', async () => {
    const run = runFolderAt(folder.path);
    // The same number as this process, left by an earlier one: as in a restarted container.
    await writeFile(
      run.files.lock,
      JSON.stringify({ pid: process.pid, host: hostname(), started: 'boot/1' }),
    );
    (await lockRun(run)).release();
    // A living process with this number, but started at another time.
    await writeFile(
      run.files.lock,
      JSON.stringify({ pid: process.ppid, host: hostname(), started: 'boot/1' }),
    );
    (await lockRun(run)).release();
  });

  it('leaves the decision to the person where it cannot know', async () => {
    const run = runFolderAt(folder.path);
    await writeFile(
      run.files.lock,
      JSON.stringify({ pid: 1, host: 'another-machine', started: '' }),
    );
    await expect(lockRun(run)).rejects.toThrow(
      /by process 1 on another-machine. If that process has ended, delete .*run.lock/,
    );
    await writeFile(run.files.lock, 'not a lock');
    await expect(lockRun(run)).rejects.toThrow(
      /by another process. If that process has ended, delete/,
    );
  });
});
