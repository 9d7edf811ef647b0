/** `mpirun likeness train`: one run of several ranks, its faults, and its continuation. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ranks, startRanks, whyWithoutMpi } from '../src/collectives/mpi/mpirun.cases.ts';
import type { Values } from '../src/compile/index.ts';
import { listCheckpoints, loadCheckpoint, openRunFolder } from '../src/run/index.ts';
import { differenceOf } from '../src/train/ranks.cases.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';
import { root } from './repository.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());
const at = (...names: string[]) => join(workplace.path, ...names);

const reason = whyWithoutMpi();
if (reason !== undefined) console.warn(`Trainings with MPI are not tested, because ${reason}.`);

const main = join(root, 'src/cli/main.ts');
beforeAll(() => writeTextures(at('photos'), 48));

const start = (...ranks: Ranks[]) =>
  startRanks(
    ranks.map(({ args, ...others }) => ({ ...others, args: [main, ...args] })),
    {
      cwd: workplace.path,
      // mpirun gives ranks one second for saving unless it is told otherwise.
      env: {
        ...{ LIKENESS_CACHE: at('cache'), NO_COLOR: '1' },
        OMPI_MCA_odls_base_sigkill_timeout: '5',
      },
    },
  );

/** A small training whose rounding does not grow, into a folder. */
const training = (out: string, ...more: string[]) => [
  ...['train', 'photos', '--method', 'simclr', '--out', out],
  ...Object.entries({
    ...{ architecture: 'resnet10', width: 4, batchSize: 8, batchNorm: 'joined', threads: 1 },
    ...{ optimizer: 'sgd', learningRate: 1e-4, stemStart: 'patches', warmupEpochs: 0 },
  }).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ...more,
];

/** Step and state of the newest checkpoint of a run. */
async function newest(out: string): Promise<{ step: number; tensors: Values }> {
  const { files } = await openRunFolder(at(out));
  const [first] = (await listCheckpoints(files.checkpoints)).toSorted((a, b) => b.step - a.step);
  const { info, tensors } = await loadCheckpoint(first!.file);
  const values = Object.entries(tensors).map(([name, { data }]) => [name, data]);
  return { step: info.step, tensors: Object.fromEntries(values) as Values };
}

/** Waits until a run has a checkpoint. */
async function firstCheckpoint(out: string): Promise<void> {
  const folder = at(out, 'checkpoints');
  while (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith('.safetensors')))
    await sleep(50);
}

describe.skipIf(reason !== undefined)('a training under mpirun', () => {
  it('has the weights of one process, and prints once', async () => {
    const whole = await workplace.run(...training('whole', '--epochs', '3'));
    expect(whole.code, whole.stderr).toBe(0);
    const { code, stdout, stderr } = await start({
      size: 2,
      args: training('two', '--epochs', '3'),
    }).ended;
    expect(code, stderr).toBe(0);
    expect(stdout.match(/^run folder: /gm)).toHaveLength(1);
    expect(stdout + stderr).not.toContain('mpirun ends all ranks');
    expect(stdout).toContain(
      '2 ranks on 1 host with 1 thread each: 4 of the 8 images of a batch each',
    );
    const [one, two] = [await newest('whole'), await newest('two')];
    expect(two.step).toBe(18);
    const { name, by } = differenceOf(one.tensors, two.tensors);
    expect(by, name).toBeGreaterThan(0);
    expect(by, name).toBeLessThan(1e-4);
    const clustered = await workplace.run('cluster', 'photos', '--run', 'two', '-k', '3');
    expect(clustered.code, clustered.stderr).toBe(0);
  });

  it('ends when a rank is killed, and goes on with another number of ranks', async () => {
    const long = training('killed', '--epochs', '2000', '--set', 'checkpointSeconds=1');
    const ranks = start({ size: 2, args: long });
    await firstCheckpoint('killed');
    const started = performance.now();
    const children = execFileSync('pgrep', ['-P', String(ranks.process.pid)], { encoding: 'utf8' });
    process.kill(Number(children.trim().split('\n').at(-1)), 'SIGKILL');
    const { code, stderr } = await ranks.ended;
    expect(code).not.toBe(0);
    expect((performance.now() - started) / 1000).toBeLessThan(30);
    // mpirun itself names the rank that was killed.
    expect(stderr).toMatch(/signal 9|Killed/);
    const before = await newest('killed');
    const resumed = start({ size: 3, args: [...long, '--resume'] });
    await sleep(100);
    const { stderr: told, stdout } = await stoppedAfterSteps(resumed, 'killed', before.step);
    // Three ranks do not divide a batch of eight.
    expect(told + stdout).toContain('batchSize: received 8 for 3 ranks; expected a multiple of 3');
    const again = await stoppedAfterSteps(
      start({ size: 4, args: [...long, '--resume'] }),
      'killed',
      before.step,
    );
    expect(again.stdout + again.stderr).toContain('trained on 4 ranks from here, on 2 before');
    expect((await newest('killed')).step).toBeGreaterThan(before.step);
    expect(again.stderr).toContain('with everything saved');
  });

  it('refuses ranks that were started with different options', async () => {
    const { code, stderr } = await start(
      { size: 1, args: training('unlike', '--epochs', '1', '--seed', '1') },
      { size: 1, args: training('unlike', '--epochs', '1', '--seed', '2') },
    ).ended;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/seed: received 2 on rank 1 .*; expected 1 as on rank 0/);
    expect(stderr.match(/as on rank 0/g)).toHaveLength(1);
    expect(existsSync(at('unlike'))).toBe(false);
  });

  it('refuses a rank whose host has other images, or none', async () => {
    const args = training(at('apart'), '--epochs', '1');
    const beside = (folder: string) =>
      start({ size: 1, args }, { size: 1, args, folder: at(folder) }).ended;
    await writeTextures(at('edited', 'photos'), 48);
    const [first, second] = readdirSync(at('edited', 'photos'));
    copyFileSync(at('edited', 'photos', second!), at('edited', 'photos', first!));
    const edited = await beside('edited');
    expect(edited.code).not.toBe(0);
    expect(edited.stderr).toMatch(/error on rank 1 .*, which ends all ranks: source: received 48/);
    expect(edited.stderr).toMatch(/with other contents than the 48 of rank 0/);
    mkdirSync(at('empty'));
    const empty = await beside('empty');
    expect(empty.code).not.toBe(0);
    expect(empty.stderr).toMatch(/rank 1.*: source: .*photos does not exist/);
  });

  it('leaves other commands to the first rank', async () => {
    const { code, stdout, stderr } = await start({
      size: 2,
      args: ['inspect', 'photos', '--json'],
    }).ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ images: 48 });
    // A training within other work is that rank's own.
    const begun = await start({
      size: 2,
      args: ['start', 'photos', '--encoder', 'train', '--minutes', '0.02', '--out', 'started'],
    }).ended;
    expect(begun.code, begun.stderr).toBe(0);
    expect(existsSync(at('started', 'report.html'))).toBe(true);
  });
});

/** Ends ranks by SIGTERM once they have trained beyond a step, or waits for their own end. */
async function stoppedAfterSteps(
  ranks: ReturnType<typeof startRanks>,
  out: string,
  step: number,
): ReturnType<typeof startRanks>['ended'] extends Promise<infer T> ? Promise<T> : never {
  let isOver = false;
  const ended = ranks.ended.finally(() => {
    isOver = true;
  });
  while (!isOver && (await newest(out)).step <= step) await sleep(200);
  ranks.process.kill('SIGTERM');
  return ended;
}
