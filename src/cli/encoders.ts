/** `likeness encoders`: pretrained encoders on this machine, and well-known ones of the hub. */
import { displayPath, showBytes, showCount } from '../core/text.ts';
import { listEncoders } from '../likeness.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal.ts';

type Listing = Awaited<ReturnType<typeof listEncoders>>;
type Stored = Listing['cached'][number];

export const encodersCommand: Command = {
  name: 'encoders',
  summary: 'Lists pretrained encoders on this machine, and well-known ones of the hub.',
  details:
    'Each line begins with what --encoder takes. The models on this machine are those in the cache ' +
    "of the Hugging Face hub's tools, and in a folder that is given. Nothing is downloaded, and " +
    'nothing is run.',
  arguments: [
    {
      name: 'folder',
      description: 'folder that is searched for ONNX files, with its folders',
      count: 'optional',
    },
  ],
  options: [],
  examples: [
    { command: 'likeness encoders', meaning: 'models in the cache of the hub, and known ones' },
    { command: 'likeness encoders models', meaning: 'the ONNX files of a folder, too' },
  ],
  async run([folder], _options, terminal) {
    const listing = await listEncoders({ folder, ...terminal.watch });
    const { cache, cached, inFolder, known } = listing;
    terminal.endProgress();
    if (folder !== undefined) printStored(displayPath(folder), inFolder, terminal);
    printStored(displayPath(cache), cached, terminal);
    terminal.say('Known models of the hub, which are downloaded when you name them:');
    printTable(
      known.map(({ id, bytes, imageSize, dimension, license, title, features, isCached }) => [
        ...[id, showBytes(bytes), `${imageSize} px`, showCount(dimension), license],
        `${title}, ${features}${isCached ? ' (cached)' : ''}`,
      ]),
      terminal,
    );
    return listing;
  },
};

function printStored(place: string, models: readonly Stored[], terminal: Terminal): void {
  terminal.say(`${place}: ${models.length === 0 ? 'no ONNX models' : ''}`.trim());
  printTable(
    models.map(({ encoder, bytes, imageSize, dimension, license, reason }) => [
      ...[encoder, showBytes(bytes), imageSize === undefined ? '' : `${imageSize} px`],
      ...[dimension === undefined ? '' : showCount(dimension), license ?? ''],
      reason === undefined ? '' : `cannot be used: ${reason}`,
    ]),
    terminal,
  );
  terminal.say();
}

/** Prints encoder, size, side of images, dimension, license and remark in columns. */
function printTable(rows: readonly (readonly string[])[], terminal: Terminal): void {
  if (rows.length === 0) return;
  const table = [['encoder', 'size', 'images', 'D', 'license', ''], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) {
    const cells = row.map((text, column) =>
      column >= 1 && column <= 3 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
    );
    terminal.say(`  ${cells.join('  ')}`.trimEnd());
  }
}
