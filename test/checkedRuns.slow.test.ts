/** Runs as processes that are finished, changed, moved or damaged between two commands. */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  brokenBytes,
  jsonFaults,
  sealedCheckpoint,
  tensorFaults,
} from '../src/run/faults.cases.ts';
import { type Ended, writeTextures } from './likeness.cases.ts';
import { expectNoTrace, expectSuccess, openTrainings, training } from './train.cases.ts';

const { at, checkpointsOf, eventsOf, untilCheckpoints, workplace } = openTrainings();

const SHORT = { maxSteps: 100_000, checkpointSeconds: 60, keepCheckpoints: 3 };
/** Six steps in each of two epochs. */
const short = (out: string, more: Record<string, unknown> = {}) =>
  training(out, { ...SHORT, epochs: 2, ...more });

const said = ({ stdout, stderr }: Ended) => stdout + stderr;

beforeAll(async () => {
  await writeTextures(at('pictures'), 96);
  expectSuccess(await workplace.run(...short('run')));
}, 300_000);

describe('a finished run', () => {
  it('says so when it is resumed, and stays as it is', async () => {
    const before = readFileSync(at('run', 'checkpoints', checkpointsOf('run').at(-1)!));
    const events = readFileSync(at('run', 'events.jsonl'), 'utf8');
    appendFileSync(at('run', 'events.jsonl'), '{"kind":"checkp');
    const ended = await workplace.run('train', 'pictures', '--out', 'run', '--resume');
    expectSuccess(ended);
    expect(said(ended)).toContain('already finished at step 12');
    expect(readFileSync(at('run', 'events.jsonl'), 'utf8')).toBe(events);
    expect(
      readFileSync(at('run', 'checkpoints', checkpointsOf('run').at(-1)!)).equals(before),
    ).toBe(true);
  }, 120_000);

  it('is trained longer with more epochs, and says the new schedule', async () => {
    cpSync(at('run'), at('longer'), { recursive: true });
    const more = ['train', 'pictures', '--out', 'longer', '--resume', '--epochs', '3'];
    const ended = await workplace.run(...more);
    expectSuccess(ended);
    expect(said(ended)).toMatch(/finished at step 12 after 2 epochs, trained on to 3 epochs/);
    expect(checkpointsOf('longer').at(-1)).toBe('step-0000000018.safetensors');
    const steps = eventsOf('longer').flatMap(({ kind, step }) => (kind === 'step' ? [step] : []));
    expect(steps).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(said(await workplace.run(...more))).toContain('already finished at step 18');
    const fewer = await workplace.run(
      'train',
      'pictures',
      '--out',
      'longer',
      '--resume',
      '--epochs',
      '2',
    );
    expect(fewer.stderr).toMatch(/received --epochs 2 for a run of 3 epochs/);
  }, 120_000);
});

describe('a folder', () => {
  it('that vanishes while training is made again, and resumes', async () => {
    const started = workplace.start(
      ...training('gone', { ...SHORT, epochs: 40, checkpointSeconds: 0.1 }),
    );
    await untilCheckpoints('gone', 2, started);
    rmSync(at('gone'), { recursive: true, force: true });
    const ended = await started.ended;
    expectSuccess(ended);
    expect(ended.stderr).toMatch(/gone has vanished while training\. It is made again/);
    const again = await workplace.run('train', 'pictures', '--out', 'gone', '--resume');
    expect(said(again)).toContain('already finished at step 240');
  }, 300_000);

  it('takes one of two trainings that begin at once', async () => {
    const both = await Promise.all([
      workplace.run(...short('both')),
      workplace.run(...short('both')),
    ]);
    const [won, lost] = both.toSorted((a, b) => a.code! - b.code!);
    expectSuccess(won!);
    expectNoTrace(lost!);
    expect(lost!.stderr).toMatch(/both (is being written by process \d+|already holds a run)/);
    expect((await workplace.run(...['inspect', 'both'])).code).toBe(0);
  }, 300_000);
});

describe('the images of a run', () => {
  it('are refused with the first difference, and taken from another place', async () => {
    cpSync(at('pictures'), at('changed'), { recursive: true });
    const names = readdirSync(at('changed')).sort();
    const resume = () => workplace.run('train', 'changed', '--out', 'run', '--resume');
    expect(said(await resume())).toContain('already finished');
    copyFileSync(at('changed', names[5]!), at('changed', names[4]!));
    expect(said(await resume())).toContain(`"${names[4]}" has other content; expected`);
    copyFileSync(at('pictures', names[4]!), at('changed', names[4]!));
    renameSync(at('changed', names[4]!), at('changed', 'z.png'));
    expect(said(await resume())).toContain(`"${names[4]}" is now "z.png"`);
  }, 120_000);
});

describe('wrong content', () => {
  const last = () => `checkpoints/${checkpointsOf('run').at(-1)!}`;
  const commands = (run: string) => [
    ['inspect', run],
    ['embed', 'pictures', '--run', run, '--out', 'features.npy'],
    ['train', 'pictures', '--out', run, '--resume'],
  ];

  it.each([
    ['config.json', /^without (settings|budget|source|images)$|^(null|cut off|empty|binary)$/],
    [
      'checkpoint',
      /^tensor conv1.weight (reshaped|with NaN)|^without tensor prototypes|step = (-1|1e\+300)$/,
    ],
  ])(
    'of %s is one line for every command that reads it',
    async (which, chosen) => {
      cpSync(at('run'), at('wrong'), { recursive: true });
      for (const name of checkpointsOf('wrong').slice(0, -1))
        rmSync(at('wrong', 'checkpoints', name));
      const file = which === 'checkpoint' ? last() : which;
      const bytes = readFileSync(at('run', file));
      const own =
        which === 'checkpoint'
          ? tensorFaults(bytes, sealedCheckpoint)
          : jsonFaults(bytes.toString());
      const faults = [...brokenBytes(bytes), ...own].filter(({ name }) => chosen.test(name));
      expect(faults.length).toBeGreaterThan(4);
      for (const fault of faults) {
        for (const command of commands('wrong')) {
          // A resume and `inspect` pass over a damaged checkpoint, and say so.
          if (which === 'checkpoint' && command[0] === 'inspect') continue;
          writeFileSync(at('wrong', file), fault.bytes);
          const ended = await workplace.run(...command);
          expectNoTrace(ended);
          if (which === 'checkpoint' && command[0] === 'train') {
            expect(ended.stderr, fault.name).toContain(file.split('/').at(-1)!);
            continue;
          }
          expect(ended.code, `${fault.name}: ${command.join(' ')}`).not.toBe(0);
          expect(ended.stderr.trim().split('\n'), fault.name).toHaveLength(1);
        }
      }
      rmSync(at('wrong'), { recursive: true });
    },
    600_000,
  );
});
