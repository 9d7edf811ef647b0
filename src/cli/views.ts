/** `likeness views`: random views of an image. */
import { displayPath } from '../core/text.ts';
import { parseSettings, presets, writeContactSheet } from '../likeness.ts';
import type { Command } from './command.ts';
import { wholeNumber } from './parse.ts';
import { assignments } from './text.ts';

export const viewsCommand: Command = {
  name: 'views',
  summary: 'Writes a contact sheet of random views of an image, as the network receives them.',
  details:
    'The views are those of a run, of a preset, or of the preset that fits the size of the image.',
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
      description: 'seed of the random views',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
    { flags: '-o, --out <file>', description: 'PNG file to write', default: 'views.png' },
  ],
  examples: [
    {
      command: 'likeness views cat.jpg',
      meaning: 'the views of the preset for images of this size',
    },
    {
      command: 'likeness views cat.jpg --preset multicrop-96 --set hue=0.4',
      meaning: 'look before changing a setting',
    },
  ],
  async run([path], { set, ...options }, terminal) {
    const settings = await parseSettings(assignments('--set', set as string[]), {
      ...options,
      ...terminal.watch,
    });
    const { descriptions, ...sheet } = await writeContactSheet(path!, {
      ...options,
      settings,
      ...terminal.watch,
    });
    terminal.say(`views of ${sheet.views}:`);
    for (const line of descriptions) terminal.say(`  ${line}`);
    terminal.say(`contact sheet: ${displayPath(sheet.file)}`);
    return sheet;
  },
};
