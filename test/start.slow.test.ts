/** The default road by the command line: made, interrupted, continued, and measured with labels. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, textureKinds, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 60;

async function json(...args: string[]) {
  const ended = await runHere(workplace, ...args, '--json');
  expect(ended.code, ended.stderr).toBe(0);
  return { ...JSON.parse(ended.stdout), stderr: ended.stderr };
}
/** Interrupts a process once, when it prints a text. */
function stopAt(stream: Readable, text: RegExp, process: ChildProcess): void {
  let printed = '';
  let isStopped = false;
  stream.on('data', (more) => {
    printed += more;
    if (isStopped || !text.test(printed)) return;
    isStopped = true;
    process.kill('SIGINT');
  });
}
async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await runHere(workplace, ...args);
  expect(code).not.toBe(0);
  expect(stderr).not.toMatch(/^\s+at |internal error/m);
  return stderr;
}

beforeAll(async () => {
  await writeTextures(at('pictures'), IMAGES, textureKinds);
  await writeTextures(at('new'), 4);
});
afterAll(() => workplace.remove());

describe('likeness start', () => {
  it('goes from images to scores, groups and a report', async () => {
    const made = await json('start', 'pictures', '--out', 'run', '-k', '3');
    expect(made).toMatchObject({ run: at('run'), encoder: 'patches' });
    expect(made).not.toHaveProperty('trained');
    expect(made.stderr).toMatch(
      /Patch features of 60 images: .* need 300 images.* The options --minutes and --encoder choose/,
    );
    expect(made.clustered).toMatchObject({ k: 3, images: IMAGES });
    // Says one sentence on color, that of the clusters in the report.
    expect(made.stderr.match(/ groups? (of|follow) color/g)).toHaveLength(1);
    const order = [/60 images in 3 clusters/, /report with your/, / NMI /, /How this was measured/];
    const places = order.map((text) => made.stderr.search(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(Object.keys(made.evaluated.baselines)).toHaveLength(3);
    expect(made.evaluated.baselines).not.toHaveProperty('patches');
    expect(made.evaluated.verdict.join()).toMatch(/[Tt]he patch features/);
    const page = readFileSync(at('run', 'report.html'), 'utf8');
    expect(page).toContain('patch features, 32 px');
    expect(page).toContain('<h2>Evaluation with labels</h2>');
  }, 300_000);

  it('leaves a run that every other command reads', async () => {
    const run = ['--run', 'run'];
    const { nmi, baselines } = await json('evaluate', 'pictures', ...run);
    expect(nmi).toBeTypeOf('number');
    expect(Object.keys(baselines)).toHaveLength(3);
    expect(
      await json('cluster', 'pictures', ...run, '-k', '4', '--encoder', 'patches'),
    ).toMatchObject({
      k: 4,
    });
    expect((await json('assign', 'new', ...run)).images).toHaveLength(4);
    expect(await json('embed', 'new', ...run, '--out', 'new.npy')).toMatchObject({ images: 4 });
    const { check, step } = await json('export', ...run, '--to', 'patches.onnx');
    expect(check.largestDifference).toBeLessThan(1e-4);
    expect(step).toBe(0);
    expect((await json('inspect', 'run')).encoder.name).toBe('patches');
  }, 300_000);

  it('goes on with all its steps after it was stopped', async () => {
    const { process, ended } = workplace.start('start', 'pictures', '--out', 'stopped', '-k', '3');
    stopAt(process.stdout!, /Evaluating against labels/, process);
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^ {2}node .*main\.ts start pictures --out stopped -k 3$/m);
    expect(readdirSync(at('stopped'))).not.toContain('report.html');
    const again = await json('start', 'pictures', '--out', 'stopped', '-k', '3');
    expect(again.stderr).toContain('the encoder is learned already');
    expect(again.clustered.k).toBe(3);
    const third = await json('start', 'pictures', '--out', 'stopped', '-k', '3');
    expect(third.stderr).toMatch(/evaluated already: NMI .*[\s\S]*clustered already: 60 images/);
    expect(third.evaluated.nmi).toBe(again.evaluated.nmi);
    expect(third.clustered).toEqual(again.clustered);
    const [whole, stopped] = ['run', 'stopped'].map((name) =>
      readFileSync(at(name, 'encoder.safetensors')),
    );
    expect(stopped!.equals(whole!)).toBe(true);
  }, 300_000);

  it('trains a network where that is asked for, beside which patch features stand', async () => {
    const made = await json(
      'start',
      'pictures',
      '--out',
      'net',
      '--encoder',
      'train',
      '--minutes',
      '0.02',
    );
    expect(made).toMatchObject({ encoder: 'simclr', trained: { outcome: 'finished' } });
    expect(Object.keys(made.evaluated.baselines)).toHaveLength(4);
    expect(made.evaluated.baselines.patches.nmi).toBeTypeOf('number');
    expect(made.evaluated.protocol.patches).toMatch(/learned from 60 of these images/);
    expect(readFileSync(at('net', 'report.html'), 'utf8')).toContain('>patch features<');
    const again = await json('start', 'pictures', '--out', 'net', '--encoder', 'train');
    expect(again.stderr).toContain('net is trained to its end already');
  }, 300_000);

  it('continues a training that was stopped', async () => {
    const args = ['start', 'pictures', '--out', 'half', '--encoder', 'train', '--minutes', '0.1'];
    const { process, ended } = workplace.start(...args);
    stopAt(process.stderr!, /step \d/, process);
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(
      /^ {2}node .*main\.ts start pictures --out half --encoder train --minutes 0.1$/m,
    );
    expect(readdirSync(at('half'))).not.toContain('clusters.csv');
    const again = await json(...args);
    expect(again.trained.outcome).toBe('finished');
    expect(again.stderr).toMatch(/resuming from step \d/);
  }, 300_000);
});

describe('without a run', () => {
  it('cluster takes the default road, and embed the encoder that is named', async () => {
    const clustered = await json('cluster', 'pictures', '-k', '3');
    expect(clustered.run).toMatch(/runs.\d{4}-\d\d-\d\d-patches-pictures$/);
    expect(clustered.k).toBe(3);
    const embedded = await json('embed', 'new', '--backbone', 'patches', '--out', 'again.npy');
    expect(embedded.images).toBe(4);
  }, 300_000);

  it('says what is missing, and what does not fit', async () => {
    expect(await refused('evaluate', 'pictures')).toMatch(/--run: received nothing; .* --encoder/);
    expect(await refused('assign', 'new', '--encoder', 'patches')).toMatch(
      /--run: received nothing/,
    );
    expect(await refused('embed', 'new', '--encoder', 'patch', '--out', 'x.npy')).toMatch(
      /--encoder: received "patch"; expected patches, joined, train, or the path/,
    );
    expect(await refused('cluster', 'new', '--run', 'net', '--encoder', 'patches')).toMatch(
      /--encoder: received patches for net; expected simclr, as the run was started with/,
    );
    expect(await refused('train', 'pictures', '--encoder', 'patches')).toMatch(
      /main\.ts start <source>/,
    );
    expect(await refused('train', 'pictures', '--out', 'run', '--resume')).toMatch(
      /--resume: received the run run, whose encoder "patches" is not trained/,
    );
    expect(await refused('views', 'new/0000.png', '--run', 'run')).toMatch(
      /--run: received the run run, whose/,
    );
  }, 300_000);
});
