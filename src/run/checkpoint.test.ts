import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensors } from '../formats/index.ts';
import {
  type CheckpointInfo,
  checkpointName,
  listCheckpoints,
  loadCheckpoint,
  loadLatestCheckpoint,
  readCheckpointInfo,
  saveCheckpoint,
} from './checkpoint.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const infoAt = (step: number): CheckpointInfo => ({
  step,
  epoch: step / 10,
  seed: 7,
  configHash: 'abc',
});
const stateAt = (step: number): Tensors => ({
  'encoder.weight': {
    dtype: 'float32',
    shape: [2, 3],
    data: Float32Array.from({ length: 6 }, (_, i) => step + i / 7),
  },
  'queue.index': { dtype: 'int32', shape: [2], data: Int32Array.of(step, -step) },
});
const names = async () => (await readdir(folder.path)).sort();

describe('checkpoints', () => {
  it('give back the whole state and what was said about it', async () => {
    const info = {
      ...infoAt(12),
      healthy: true,
      extra: { plan: { conv: ['taps'] }, quote: '"sha256":"' },
    };
    const file = await saveCheckpoint(folder.path, info, stateAt(12));
    expect(basename(file)).toBe('step-0000000012.safetensors');
    const loaded = await loadCheckpoint(file);
    expect(loaded.info).toEqual(info);
    expect({ ...loaded.tensors }).toEqual(stateAt(12));
    expect(await readCheckpointInfo(file)).toEqual(info);
  });

  it('are the same bytes for the same state, with a checksum that others can verify', async () => {
    const file = await saveCheckpoint(folder.path, infoAt(3), stateAt(3));
    const first = await readFile(file);
    await saveCheckpoint(
      folder.path,
      { configHash: 'abc', seed: 7, epoch: 0.3, step: 3 },
      stateAt(3),
    );
    expect((await readFile(file)).equals(first)).toBe(true);
    const text = first.toString('latin1');
    const stored = /"sha256":"([0-9a-f]{64})"/.exec(text)![1]!;
    expect(
      createHash('sha256')
        .update(Buffer.from(text.replace(stored, '0'.repeat(64)), 'latin1'))
        .digest('hex'),
    ).toBe(stored);
  });

  it('have names that sort -V puts in order', async () => {
    const steps = [5, 40, 1200, 99_999_999_999];
    const sorted = execFileSync('sort', ['-V'], {
      input: steps.map(checkpointName).reverse().join('\n'),
    });
    expect(sorted.toString().trim().split('\n')).toEqual(steps.map(checkpointName));
    await writeFile(join(folder.path, 'notes.txt'), '');
    for (const step of [1200, 5, 40])
      await saveCheckpoint(folder.path, infoAt(step), stateAt(step));
    expect((await listCheckpoints(folder.path)).map((entry) => entry.step)).toEqual([5, 40, 1200]);
    expect(await listCheckpoints(join(folder.path, 'missing'))).toEqual([]);
  });

  it('keep the newest, final ones, and the newest healthy one', async () => {
    const save = (step: number, marks: Partial<CheckpointInfo>) =>
      saveCheckpoint(folder.path, { ...infoAt(step), ...marks }, stateAt(step), { keep: 2 });
    await save(1, { healthy: true });
    await save(2, { final: true });
    await save(3, { healthy: true });
    for (const step of [4, 5, 6]) await save(step, {});
    expect((await listCheckpoints(folder.path)).map((entry) => entry.step)).toEqual([2, 3, 5, 6]);
    const healthy = await loadLatestCheckpoint(folder.path, { onlyHealthy: true });
    expect(healthy.checkpoint?.info.step).toBe(3);
    expect((await loadLatestCheckpoint(folder.path, { maxStep: 5 })).checkpoint?.info.step).toBe(5);
  });

  it('are known as damaged wherever one bit is changed', async () => {
    const file = await saveCheckpoint(folder.path, infoAt(1), stateAt(1));
    const good = await readFile(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (at, bit) => {
        const bad = Buffer.from(good);
        bad[at]! ^= 1 << bit;
        await writeFile(file, bad);
        await expect(loadCheckpoint(file)).rejects.toMatchObject({ name: 'LikenessError' });
      }),
    );
  });

  it('fall back to the previous good one and say why', async () => {
    for (const step of [1, 2, 3]) await saveCheckpoint(folder.path, infoAt(step), stateAt(step));
    const [, second, third] = (await listCheckpoints(folder.path)).map((entry) => entry.file);
    const size = (await readFile(third!)).length;
    for (const length of [0, 5, 100, size - 1]) {
      await truncate(third!, length);
      const { checkpoint, damaged } = await loadLatestCheckpoint(folder.path);
      expect(checkpoint?.info.step).toBe(2);
      expect(damaged).toEqual([
        {
          file: third,
          reason: expect.stringMatching(/^The checkpoint step-0000000003.safetensors is damaged: /),
        },
      ]);
    }
    await truncate(second!, 50);
    expect((await loadLatestCheckpoint(folder.path)).checkpoint?.info.step).toBe(1);
    await rm(join(folder.path, checkpointName(1)));
    const none = await loadLatestCheckpoint(folder.path);
    expect(none.checkpoint).toBeUndefined();
    expect(none.damaged.length).toBe(2);
  });

  it('are refused by their size before they are read', async () => {
    const file = await saveCheckpoint(folder.path, infoAt(1), stateAt(1));
    const bytes = (await readFile(file)).length;
    const tensors = 6 * 4 + 2 * 4;
    expect((await loadCheckpoint(file, { maxBytes: tensors })).info.step).toBe(1);
    await expect(loadCheckpoint(file, { maxBytes: tensors - 1 })).rejects.toThrow(
      'The checkpoint step-0000000001.safetensors is damaged: its tensors have 32 bytes, and at ' +
        'most 31 are expected',
    );
    // A sparse file, which takes no room on the disk and more memory than there is.
    await truncate(file, 2 ** 40);
    const { checkpoint, damaged } = await loadLatestCheckpoint(folder.path);
    expect(checkpoint).toBeUndefined();
    expect(damaged[0]!.reason).toContain(
      `it has ${2 ** 40} bytes, but the header describes ${bytes}`,
    );
  });

  it('survive a full disk', async () => {
    await saveCheckpoint(folder.path, infoAt(1), stateAt(1), { keep: 1 });
    const full = async (path: string, flags: string) => {
      const handle = await open(path, flags);
      handle.writeFile = async () => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      return handle;
    };
    const files = { open: full as typeof open, rename, rm };
    await expect(
      saveCheckpoint(folder.path, infoAt(2), stateAt(2), { keep: 1, files }),
    ).rejects.toThrow(
      /step-0000000002.safetensors: the disk is full. An earlier version of it, and every other file, is intact/,
    );
    expect(await names()).toEqual([checkpointName(1)]);
    expect((await loadLatestCheckpoint(folder.path)).checkpoint?.info.step).toBe(1);
  });

  it('survive kill -9 at any moment of writing', async () => {
    const script = `
      const { saveCheckpoint } = await import(${JSON.stringify(new URL('./checkpoint.ts', import.meta.url).href)});
      const data = new Float32Array(500_000);
      for (let step = 1; ; step++) {
        data.fill(step);
        await saveCheckpoint(process.argv[1], { step, epoch: 0, seed: 0, configHash: '' },
          { w: { dtype: 'float32', shape: [500_000], data } });
        if (step === 2) console.log('started');
      }`;
    for (const delay of [1, 4, 9, 14]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder.path]);
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { checkpoint, damaged } = await loadLatestCheckpoint(folder.path);
      expect(damaged).toEqual([]);
      const { step } = checkpoint!.info;
      expect(step).toBeGreaterThanOrEqual(2);
      expect(checkpoint!.tensors.w!.data.every((value) => value === step)).toBe(true);
      expect((await names()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      for (const { file } of await listCheckpoints(folder.path)) await rm(file);
    }
  });
});
