/** `likeness inspect`: what a run, a checkpoint or a source is, in a few lines. */
import { readdir, stat } from 'node:fs/promises';
import { LikenessError } from '../core/errors.ts';
import { showBytes, showCount } from '../core/text.ts';
import { measureSource, openSource } from '../data/index.ts';
import { presets, resolveSettings, type SettingName, settingNames } from '../methods/index.ts';
import {
  isRunFolder,
  listCheckpoints,
  loadCheckpoint,
  openRunFolder,
  readCheckpointInfo,
  readRunConfig,
} from '../run/index.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Says what a run, a checkpoint or a source is, in a few lines.',
  arguments: [
    { name: 'path', description: 'a run folder, a checkpoint (.safetensors), or a source of images' },
  ],
  options: [],
  examples: [
    { command: 'likeness inspect runs/photos', meaning: 'settings, progress and files of a run' },
    { command: 'likeness inspect photos', meaning: 'how many images, of which sizes, with which labels' },
  ],
  async run([path], _options, terminal) {
    const found = await stat(path!).catch(() => undefined);
    if (!found) {
      throw new LikenessError(
        'path.missing',
        `${path}: there is nothing; expected a run, a checkpoint or a source`,
      );
    }
    if (await isRunFolder(path!)) return inspectRun(path!, terminal);
    if (found.isFile() && path!.endsWith('.safetensors')) return inspectCheckpoint(path!, terminal);
    return inspectSource(path!, terminal);
  },
};

/** Lines of a name and a value, aligned. */
function sayFacts(terminal: Terminal, facts: readonly (readonly [string, string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) terminal.say(`${name.padEnd(width)}  ${value}`);
}

async function inspectRun(path: string, terminal: Terminal): Promise<object> {
  const folder = await openRunFolder(path);
  const { settings, source, preset, images, notes, budget } = await readRunConfig(folder);
  const base = resolveSettings(presets[preset]?.settings ?? {});
  const changed = settingNames.filter((name: SettingName) => settings[name] !== base[name]);
  const checkpoints = await listCheckpoints(folder.files.checkpoints);
  const newest = checkpoints.at(-1);
  const info = newest && (await readCheckpointInfo(newest.file).catch(() => undefined));
  const files = (await readdir(path)).toSorted();
  sayFacts(terminal, [
    ['run', `${folder.name}: ${settings.method} on ${source.name} (${showCount(images)} images)`],
    ['preset', preset],
    [
      'changed',
      changed.length === 0 ? 'nothing' : changed.map((name) => `${name}=${settings[name]}`).join(' '),
    ],
    [
      'encoder',
      `${settings.architecture}, width ${settings.width}, stem ${settings.stem}, ${settings.imageSize} px`,
    ],
    ['budget', 'minutes' in budget ? `${budget.minutes} minutes` : `${budget.epochs} epochs`],
    [
      'progress',
      info ? `step ${showCount(info.step)}${info.final ? ', finished' : ''}` : 'no checkpoint yet',
    ],
    ['checkpoints', checkpoints.map(({ step }) => showCount(step)).join(', ') || 'none'],
    ['files', files.join(', ')],
  ]);
  return {
    kind: 'run',
    path,
    settings,
    source,
    preset,
    images,
    notes,
    changed,
    step: info?.step ?? null,
    final: info?.final ?? false,
    files,
  };
}

async function inspectCheckpoint(path: string, terminal: Terminal): Promise<object> {
  const { info, tensors } = await loadCheckpoint(path);
  const names = Object.keys(tensors);
  const values = names.reduce((sum, name) => sum + tensors[name]!.data.length, 0);
  const { size } = await stat(path);
  sayFacts(terminal, [
    [
      'checkpoint',
      `step ${showCount(info.step)}, epoch ${info.epoch}, seed ${info.seed}${info.final ? ', the last of its run' : ''}`,
    ],
    ['contents', `${showCount(names.length)} tensors, ${showCount(values)} values, ${showBytes(size)}`],
    ['checksum', 'matches'],
    ['health', info.healthy ? 'healthy' : 'not known to be healthy'],
  ]);
  const shapes = Object.fromEntries(names.map((name) => [name, tensors[name]!.shape]));
  return { kind: 'checkpoint', path, ...info, tensors: shapes, bytes: size };
}

async function inspectSource(path: string, terminal: Terminal): Promise<object> {
  const source = await openSource(path);
  try {
    const { entries, labelNames, kind, skipped } = source;
    const sizes = await measureSource(source, { signal: terminal.signal });
    const count = (split: string) => entries.filter((entry) => entry.split === split).length;
    const [training, testing] = [count('train'), count('test')];
    const perClass = labelNames?.map((name, label) => ({
      name,
      images: entries.filter((e) => e.label === label).length,
    }));
    sayFacts(terminal, [
      ['source', `${source.name}: ${kind}, ${showCount(entries.length)} images`],
      [
        'sizes',
        sizes
          ? `shorter side ${sizes.smallestShortSide} to ${sizes.largestShortSide} px, median ${sizes.medianShortSide} (${sizes.samples} looked at)`
          : 'no image could be read',
      ],
      ['split', training + testing > 0 ? `${showCount(training)} train, ${showCount(testing)} test` : 'none'],
      [
        'labels',
        perClass ? perClass.map(({ name, images }) => `${name} ${showCount(images)}`).join(', ') : 'none',
      ],
      [
        'skipped',
        skipped.length === 0
          ? 'nothing'
          : `${showCount(skipped.length)} files, such as ${skipped[0]!.id}: ${skipped[0]!.reason}`,
      ],
    ]);
    return {
      kind: 'source',
      path,
      source: kind,
      images: entries.length,
      train: training,
      test: testing,
      labels: perClass ?? null,
      sizes: sizes ?? null,
      skipped: skipped.length,
    };
  } finally {
    await source.close();
  }
}
