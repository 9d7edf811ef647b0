/**
 * The Python example of transfer to detection: torchvision's detectors take the exported weights
 * and train on them. It runs where Python has torchvision, as in the bench beside PyTorch.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, writeTextures } from './likeness.cases.ts';

const PYTHON = '/usr/bin/python3';
const script = fileURLToPath(new URL('../examples/python/detection_transfer.py', import.meta.url));
const hasTorchvision = spawnSync(PYTHON, ['-c', 'import torchvision']).status === 0;
const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
afterAll(() => workplace.remove());

const exported = async (name: string, settings: Record<string, unknown>) => {
  const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const train = ['train', 'pictures', '--method', 'simclr', '--out', name, '--epochs', '1', ...set];
  const trained = await workplace.run(...train);
  expect(trained.code, trained.stderr).toBe(0);
  const to = at(`${name}.safetensors`);
  const written = await workplace.run('export', '--run', name, '--to', to);
  expect(written.code, written.stderr).toBe(0);
  return to;
};
const detect = (...args: string[]) =>
  spawnSync(PYTHON, [script, ...args], { encoding: 'utf8', cwd: workplace.path });

const usual = { crops: '2x32', imageSize: 32, batchSize: 8, maxSteps: 1, measures: 'none' };

describe.runIf(hasTorchvision)('transfer to detection', { timeout: 400_000 }, () => {
  beforeAll(() => writeTextures(at('pictures'), 24));

  it('loads every tensor into Faster and Mask R-CNN and trains it', async () => {
    const settings = { ...usual, architecture: 'resnet18', width: 64, stem: 'imagenet' };
    const weights = await exported('run', settings);
    for (const detector of ['faster', 'mask']) {
      const more = ['--steps', '2', '--size', '96', '--detector', detector];
      const { status, stdout, stderr } = detect(weights, ...more);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain('resnet18: all 100 tensors match; fc.weight, fc.bias are not used');
      expect(stdout).toMatch(/step 2: loss \d+\.\d+/);
      expect(Number(/filters moved by (\S+);/.exec(stdout)![1])).toBeGreaterThan(0);
    }
  });

  it('says what is wrong with weights of another network', async () => {
    const settings = { ...usual, architecture: 'resnet10', width: 4, stem: 'cifar' };
    const { status, stderr } = detect(await exported('small', settings));
    expect(status).toBe(1);
    expect(stderr).toContain('holds resnet10 of width 4 and stem cifar; expected one of resnet18');
  });
});
