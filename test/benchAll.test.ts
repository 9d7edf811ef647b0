/**
 * All benchmarks by one command: what runs, what is kept, and what a failure or an end in between
 * leaves.
 */
import { describe, expect, it } from 'vitest';
import { benchmarkAll, type World } from '../bench/all.ts';

/** A world in which nothing is measured, and what was done in it. */
function openWorld(changes: Partial<World> = {}): { world: World; told: string[] } {
  const told: string[] = [];
  const world: World = {
    async run(script, args) {
      told.push([script, ...args].join(' '));
      return true;
    },
    missing: () => undefined,
    clear: (name) => told.push(`clear ${name}`),
    keep: (name, { command, state }) => told.push(`keep ${name}: ${command} (${state})`),
    isStopped: () => false,
    ...changes,
  };
  return { world, told };
}

const options = { state: 'idle', onProgress() {} };

describe('all benchmarks', () => {
  it('run in turn, each kept and shown before the next', async () => {
    const { world, told } = openWorld();
    const failed = await benchmarkAll({ ...options, only: ['step', 'profile'], rounds: 2, world });
    expect(failed).toEqual([]);
    expect(told).toEqual([
      'clear step',
      'bench/main.ts step --rounds 2',
      'keep step: npm run bench -- step --rounds 2 (idle)',
      'docs/generate.ts',
      'clear profile',
      'bench/main.ts profile',
      'keep profile: npm run bench -- profile (idle)',
      'docs/generate.ts',
    ]);
  });

  it('are those of the page, without a wish', async () => {
    const { world, told } = openWorld();
    await benchmarkAll({ ...options, world });
    const names = told
      .filter((line) => line.startsWith('clear '))
      .map((line) => line.slice('clear '.length));
    expect(names.join(' ')).toBe(
      'step swav inference vit javascript epoch views decode profile settings kmeans ' +
        'clustering patches',
    );
  });

  it('name no path of the machine in what they keep', async () => {
    const { world, told } = openWorld();
    await benchmarkAll({ ...options, only: ['epoch'], pictures: '/somewhere/cifar10', world });
    expect(told).toContain('bench/main.ts epoch /somewhere/cifar10');
    expect(told).toContain('keep epoch: npm run bench -- epoch cifar10 (idle)');
  });

  it('go on after one that failed, and keep what it left', async () => {
    const { world, told } = openWorld({ run: async (script) => script !== 'bench/main.ts' });
    const failed = await benchmarkAll({ ...options, only: ['step', 'swav'], world });
    expect(failed).toEqual(['step', 'swav']);
    expect(told.filter((line) => line.startsWith('keep'))).toHaveLength(2);
  });

  it('leave out one whose peer is not there, and what is kept of it as it is', async () => {
    const missing: World['missing'] = (name) =>
      name === 'kmeans' ? 'python3 has no sklearn' : undefined;
    const { world, told } = openWorld({ missing });
    const said: string[] = [];
    const only = ['kmeans', 'growth'] as const;
    const onProgress = (what: string) => said.push(what);
    expect(await benchmarkAll({ ...options, only, onProgress, world })).toEqual([]);
    expect(said).toContain('kmeans: left out, python3 has no sklearn');
    expect(told.some((line) => line.includes('kmeans'))).toBe(false);
  });

  it('keep what there is where somebody ends them', async () => {
    const { world, told } = openWorld({ isStopped: () => true });
    await benchmarkAll({ ...options, only: ['step', 'swav'], world });
    expect(told.at(-1)).toBe('docs/generate.ts');
    expect(told.some((line) => line.includes('swav'))).toBe(false);
  });
});
