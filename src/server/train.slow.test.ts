/** Routes of the offer to train, without a socket; one training is a real process. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeTextures } from '../../test/likeness.cases.ts';
import { LikenessError } from '../core/errors.ts';
import { type TinyRun, writeTinyRun } from '../explore/explore.cases.ts';
import {
  type Explorer,
  openExplorer,
  openForPage,
  openTrainings,
  type TrainFunction,
} from '../explore/index.ts';
import { trainingChoices } from '../library/trainingOffer.ts';
import { listCheckpoints } from '../run/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { createApp } from './app.ts';
import { headers, type JobAnswer, type RunAnswer, type TrainOffer } from './protocol.ts';
import { codeOf, port, requestsTo, token } from './requests.cases.ts';

const folder = useTemporaryFolder();
let tiny: TinyRun;
let explorer: Explorer;
let app: ReturnType<typeof createApp>;

beforeEach(async () => {
  tiny = await writeTinyRun(folder.path);
  explorer = openExplorer({ cwd: folder.path });
  await explorer.show(await openForPage(tiny.run));
});
afterEach(() => explorer.close());

function serve(train?: TrainFunction) {
  const trainings = openTrainings(explorer, { cwd: folder.path, ...(train && { train }) });
  app = createApp({
    ...{ explorer, token, closing: new AbortController().signal, port },
    ...{ page: new Map(), trainings },
    report: (error) => expect.unreachable(String(error)),
  });
}
const { get, post } = requestsTo(() => app);
const offer = async () => (await (await get('/api/train')).json()) as TrainOffer;
/** The job once it has ended. */
const ended = (id: number) =>
  vi.waitFor(
    async () => {
      const run = (await (await get('/api/run')).json()) as RunAnswer;
      const job = run.jobs.find((one) => one.id === id)!;
      expect(job.state).not.toBe('running');
      return job;
    },
    { timeout: 200_000, interval: 100 },
  );
const start = async (body: object) => {
  const answer = await post('/api/train', body);
  expect(answer.status).toBe(202);
  return (await answer.json()) as JobAnswer;
};

/** A training that runs until it is stopped. */
const untilStopped: TrainFunction = ({ reporter: { signal }, onBegun }) => {
  onBegun();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'));
  });
};

describe('the offer', () => {
  it('judges the images as start and train do', async () => {
    serve();
    const { sentences, times, suggested, images, running } = await offer();
    expect(images).toBe(24);
    expect(sentences.join(' ')).toMatch(/24 images are few for training from scratch/);
    expect(times.map(({ minutes }) => minutes)).toContain(suggested);
    expect(running).toBeUndefined();
  });

  it('judges another method and recipe, and refuses what does not go together', async () => {
    serve();
    const { choices, method, preset } = await offer();
    expect([method, choices.usual]).toEqual(['simclr', 'simclr']);
    expect(choices.presets.map(({ name }) => name)).toContain(preset);
    const moco = await get('/api/train?method=moco&preset=cifar-resnet18');
    expect(await moco.json()).toMatchObject({ method: 'moco', preset: 'cifar-resnet18' });
    const refused = await get(`/api/train?method=moco&preset=${paper}`);
    expect([refused.status, await codeOf(refused)]).toEqual([400, 'preset.method']);
  });

  it('is refused where the images have moved', async () => {
    serve();
    renameSync(tiny.photos, `${tiny.photos}-moved`);
    await explorer.show(await openForPage(tiny.run));
    const answers = [await get('/api/train'), await post('/api/train', { minutes: 5 })];
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });
});

describe('a training', () => {
  it('is one at a time, and another window sees it', async () => {
    serve(untilStopped);
    const job = await start({ minutes: 5 });
    const { running } = await offer();
    expect(running).toMatchObject({ job: job.id, hasBegun: true, isOpen: false });
    expect(running!.run).toMatch(/^\d{4}-\d\d-\d\d-train-photos$/);
    const second = await post('/api/train', { minutes: 5 });
    expect([second.status, await codeOf(second)]).toEqual([409, 'explore.training']);
    await post(`/api/jobs/${job.id}/cancel`, {});
    expect(await ended(job.id)).toMatchObject({
      ...{ state: 'done', text: expect.stringMatching(/saved\. It can be resumed/) },
    });
    expect((await offer()).running).toBeUndefined();
    const third = await start({ minutes: 5 });
    await post(`/api/jobs/${third.id}/cancel`, {});
    await ended(third.id);
  });

  it('is made of what was chosen', async () => {
    const tasks: unknown[] = [];
    serve(async ({ task }) => {
      tasks.push(task.chosen);
      return 'interrupted';
    });
    const chosen = { epochs: 3, method: 'moco', preset: 'small-32' };
    await ended((await start(chosen)).id);
    const head = { minutes: 1, method: 'temi', encoder: '/models/vit.onnx' };
    await ended((await start(head)).id);
    expect(tasks).toEqual([chosen, head]);
  });

  it('ends with the server, and its failure is told', async () => {
    const failing: TrainFunction = async () => {
      throw new LikenessError('source.tooFew', 'found 1 usable image(s)');
    };
    serve(failing);
    const job = await start({ minutes: 5 });
    expect(await ended(job.id)).toMatchObject({ state: 'failed', text: 'found 1 usable image(s)' });
    let stopped = false;
    serve(async (options) => {
      const outcome = await untilStopped(options);
      stopped = true;
      return outcome;
    });
    await start({ minutes: 5 });
    await explorer.close();
    expect(stopped).toBe(true);
  });

  it('is resumed for a run that was trained alone', async () => {
    serve(untilStopped);
    const answer = await post('/api/train', { resume: true });
    expect([answer.status, await codeOf(answer)]).toEqual([404, 'explore.noTraining']);
  });
});

/** Recipe of the paper on SwAV. */
const paper = trainingChoices().presets.find(({ method }) => method === 'swav')!.name;

describe('requests that are refused', () => {
  it.each<[string, number, string, unknown, Record<string, string>?]>([
    ['another host', 403, 'server.host', { minutes: 5 }, { host: 'evil.example:4807' }],
    ['another origin', 403, 'server.origin', { minutes: 5 }, { origin: 'http://evil.example' }],
    ['another site', 403, 'server.site', { minutes: 5 }, { 'sec-fetch-site': 'cross-site' }],
    ['no token', 403, 'server.token', { minutes: 5 }, { [headers.token]: '' }],
    ['a wrong token', 403, 'server.token', { minutes: 5 }, { [headers.token]: 'b'.repeat(64) }],
    ['a form', 415, 'server.type', 'minutes=5', { 'content-type': 'text/plain' }],
    ['no JSON', 400, 'server.request', '{'],
    ['nothing', 400, 'server.request', {}],
    ['no time', 400, 'option.invalid', { minutes: 0 }],
    ['too much time', 400, 'option.invalid', { minutes: 1e9 }],
    ['half an epoch', 400, 'option.invalid', { epochs: 0.5 }],
    ['minutes and epochs', 400, 'server.request', { minutes: 5, epochs: 3 }],
    ['no length', 400, 'server.request', { method: 'moco' }],
    ['an unknown method', 400, 'method.unknown', { minutes: 5, method: 'simcrl' }],
    ['an unknown recipe', 400, 'preset.unknown', { minutes: 5, preset: 'small' }],
    [
      'a recipe of another method',
      ...([400, 'preset.method', { minutes: 5, preset: paper, method: 'moco' }] as const),
    ],
    ['a head without a model', 400, 'head.encoder', { minutes: 5, method: 'temi' }],
    ['no model to train further', 400, 'option.conflict', { minutes: 5, fineTune: true }],
    ['a text', 400, 'server.request', { minutes: '5' }],
    ['a folder', 400, 'server.request', { minutes: 5, out: '/etc' }],
    ['both', 400, 'server.request', { minutes: 5, resume: true }],
  ])('%s: %d %s', async (_, status, code, body, given) => {
    serve(() => expect.unreachable('a training was started'));
    const answer = await post('/api/train', body, given);
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
  });
});

it('trains in another process, stops with the run saved, and resumes to clusters', async () => {
  vi.stubEnv('LIKENESS_CACHE', join(folder.path, 'cache'));
  await writeTextures(tiny.photos, 40);
  await explorer.show(await openForPage(tiny.run));
  serve();
  const job = await start({ minutes: 0.1 });
  const { run } = await vi.waitFor(
    async () => {
      const { running } = await offer();
      expect(running?.hasBegun).toBe(true);
      return running!;
    },
    { timeout: 120_000, interval: 100 },
  );
  await post(`/api/jobs/${job.id}/cancel`, {});
  expect(await ended(job.id)).toMatchObject({ state: 'done' });
  const path = join(folder.path, 'runs', run);
  expect((await listCheckpoints(join(path, 'checkpoints'))).length).toBeGreaterThan(0);
  expect(readdirSync(path)).not.toContain('run.lock');
  await post('/api/open', { run });
  const resumed = await start({ resume: true });
  expect(await ended(resumed.id)).toMatchObject({
    ...{ state: 'done', text: expect.stringMatching(/is trained/) },
  });
  expect(existsSync(join(path, 'clusters.csv'))).toBe(true);
  const shown = (await (await get('/api/run')).json()) as RunAnswer;
  expect(shown).toMatchObject({ name: run, state: 'finished' });
  expect(shown.clusters.length).toBeGreaterThan(0);
  vi.unstubAllEnvs();
}, 300_000);
