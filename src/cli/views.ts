/** `likeness views`: what the network sees of an image. */
import { resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { isolatedDecoder } from '../data/index.ts';
import {
  cacheSizeOf,
  choosePreset,
  parseAssignments,
  presetNamed,
  presets,
  resolveSettings,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { openRunFolder, readRunConfig } from '../run/index.ts';
import { describeArea, describeSteps, type ViewsSpec, writeContactSheet } from '../views/index.ts';
import type { Command, CommandOptions } from './command.ts';
import { wholeNumber } from './parse.ts';
import { openPictures } from './pictures.ts';

export const viewsCommand: Command = {
  name: 'views',
  summary: 'Writes a contact sheet of random views of an image: what the network sees of it.',
  details: 'The views are those of a run, of a preset, or of the preset that fits the size of the image.',
  arguments: [{ name: 'image', description: 'an image file' }],
  options: [
    { flags: '--run <dir>', description: 'take the views of this run' },
    {
      flags: '--preset <name>',
      description: `take the views of a preset: ${Object.keys(presets).join(', ')}`,
    },
    {
      flags: '--set <key=value>',
      description: 'change a setting of the views; may be given several times',
      repeat: 'many',
    },
    {
      flags: '--seed <n>',
      description: 'other random views',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    { flags: '-o, --out <file>', description: 'PNG file to write', default: 'views.png' },
  ],
  examples: [
    { command: 'likeness views cat.jpg', meaning: 'what a preset for images of this size shows the network' },
    {
      command: 'likeness views cat.jpg --preset multicrop-96 --set hue=0.4',
      meaning: 'look before changing a setting',
    },
  ],
  async run([path], options, terminal) {
    const pictures = await openPictures([path!]);
    try {
      const [picture] = [...pictures.pictures];
      if (!picture)
        throw new LikenessError('image.missing', `${path}: found no image; expected an image file`);
      const encoded = await picture.read().catch((error: unknown) => {
        throw new LikenessError(
          'image.unreadable',
          `${path}: ${error instanceof Error ? error.message : error}`,
        );
      });
      const { name, settings } = await viewsSettings(options, async () => {
        const { width, height } = await isolatedDecoder.decode(encoded, {
          size: 1024,
          signal: terminal.signal,
        });
        return Math.min(width, height);
      });
      const views: ViewsSpec = viewsOf(settings);
      const image = await isolatedDecoder.decode(encoded, {
        size: cacheSizeOf(settings),
        signal: terminal.signal,
      });
      const out = resolve((options.out as string | undefined) ?? 'views.png');
      const seed = (options.seed as number | undefined) ?? 0;
      await writeContactSheet(out, { image, views, seed, title: picture.path, subtitle: name });
      terminal.say(`views of ${name}:`);
      for (const crop of views.crops) {
        terminal.say(
          `  ${crop.count} x ${crop.size} px, ${describeArea(crop)}: ${describeSteps(crop.steps)}`,
        );
      }
      terminal.say(`contact sheet: ${out}`);
      return { file: out, views: name, crops: views.crops, seed };
    } finally {
      await pictures.close();
    }
  },
};

/** Settings of a run, of a named preset, or of the preset for the image's size; with what `--set` changes. */
async function viewsSettings(
  { run, preset, set }: CommandOptions,
  shortSide: () => Promise<number>,
): Promise<{ name: string; settings: Settings }> {
  if (run !== undefined && preset !== undefined) {
    throw new LikenessError('flag.conflict', '--run and --preset: received both; expected one of them');
  }
  const changes = parseAssignments((set as string[] | undefined) ?? []);
  if (run !== undefined) {
    const folder = await openRunFolder(run as string);
    const { settings } = await readRunConfig(folder);
    return { name: `run ${folder.name}`, settings: resolveSettings({ ...settings, ...changes }) };
  }
  const facts = { count: 1, colour: 'colour' as const };
  const name =
    (preset as string | undefined) ?? choosePreset({ ...facts, medianShortSide: await shortSide() }).name;
  return { name: `preset ${name}`, settings: resolveSettings({ ...presetNamed(name).settings, ...changes }) };
}
