/** `likeness explore`: the page of a run, served on this machine. */
import { once } from 'node:events';
import { reasonOf } from '../core/errors.ts';
import { displayPath, plural } from '../core/text.ts';
import { type ExploreOptions, type ExploreServer, explore, type RunListing } from '../likeness.ts';
import type { Command } from './command.ts';
import { hasDesktop, openFile } from './desktop.ts';
import { offlineOption } from './encoderOption.ts';
import { wholeNumber } from './parse.ts';
import type { Terminal } from './terminal.ts';

export const exploreCommand: Command = {
  name: 'explore',
  summary: 'Serves a page to look at clusters, correct them, and take images away.',
  details: [
    'The page is served on 127.0.0.1 alone, to browsers of this machine, until Ctrl-C. It shows ' +
      'the images on a map, the clusters with their typical and doubtful images, similar images, ' +
      'and the curves of a training in progress.',
    'Names, merges, splits, moves, locks and junk are stored in edits.json of the run at once. ' +
      'likeness cluster --into, export and assign follow them.',
    'A source without a run gets one with patch features, while the page shows its images ' +
      'already. Without a source and a run the page lists the runs in this folder and in runs/.',
  ].join('\n'),
  arguments: [
    {
      name: 'source',
      description: 'folder of images, tar file, or packed data set; its last run is opened',
      count: 'optional',
    },
  ],
  options: [
    { flags: '--run <dir>', description: 'run that is opened', default: 'the last of the source' },
    {
      flags: '--clustering <name>',
      description: 'name of the clustering',
      default: "that of the run's own images",
    },
    {
      flags: '--port <n>',
      description: 'port on 127.0.0.1',
      default: '4807, or a free one where that is taken',
      parse: wholeNumber('--port'),
    },
    {
      flags: '-o, --out <dir>',
      description: 'folder of a new run of the source',
      default: 'runs/<date>-<way>-<source>',
    },
    {
      flags: '--encoder <way>',
      alias: '--backbone <way>',
      description:
        'encoder of a new run: patches, train, the path of a pretrained model, or hub:OWNER/NAME, ' +
        'which is downloaded once',
      default: 'patches',
    },
    offlineOption,
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters of a new run',
      default: 'suggested from the data',
      parse: wholeNumber('-k'),
    },
    {
      flags: '--columns <file>',
      description:
        'CSV file whose columns color the map, with a column of paths relative to the source',
    },
    { flags: '--open', description: 'open the page in the browser', default: 'on a desktop' },
    { flags: '--no-open', description: 'leave the browser alone' },
  ],
  examples: [
    { command: 'likeness explore photos', meaning: 'look at the groups of a folder of images' },
    { command: 'likeness explore --run runs/photos', meaning: 'open a run' },
    {
      command: 'likeness explore photos --columns places.csv',
      meaning: 'color the map by columns of a table',
    },
    {
      command: 'likeness explore --run runs/photos --port 4900 --no-open',
      meaning: 'serve a run at a fixed address, for a script',
    },
  ],
  async run([source], options, terminal) {
    const { open, clusters: k, ...rest } = options as ExploreFlags;
    const page = await explore(source, { ...rest, k, ...terminal.watch });
    try {
      terminal.endProgress();
      if (source === undefined && rest.run === undefined) printRuns(await page.runs(), terminal);
      terminal.say(`The page:  ${page.address}`);
      terminal.say('Ctrl-C ends it.');
      await showPage(page.address, open, terminal);
      await untilAborted(page, terminal);
      terminal.endProgress();
      return { address: page.address, run: page.run() ?? null };
    } finally {
      await page.close();
    }
  },
};

/** Waits for a signal. A new run is made meanwhile, and the page stays open where that fails. */
async function untilAborted(page: ExploreServer, terminal: Terminal): Promise<void> {
  const { signal } = terminal;
  if (signal.aborted) return;
  const ended = once(signal, 'abort');
  page.ready().then(
    () => terminal.rest(),
    (error: unknown) => {
      if (signal.aborted) return;
      terminal.warn(reasonOf(error));
      terminal.rest();
    },
  );
  await ended;
}

interface ExploreFlags
  extends Pick<
    ExploreOptions,
    'run' | 'clustering' | 'port' | 'out' | 'encoder' | 'offline' | 'columns'
  > {
  clusters?: number;
  open?: boolean;
}

function printRuns(runs: readonly RunListing[], terminal: Terminal): void {
  if (runs.length === 0) {
    terminal.say('There is no run in this folder or in runs/. Give a folder of images.');
    return;
  }
  const width = Math.max(...runs.map(({ path }) => displayPath(path).length));
  for (const { path, method, images, clusters, state } of runs) {
    const found = clusters === undefined ? 'not clustered' : plural(clusters, 'cluster');
    const about = [method, plural(images, 'image'), found, state].join(', ');
    terminal.say(`${displayPath(path).padEnd(width)}  ${about}`);
  }
  terminal.say();
}

/** Opens the page in the browser where there is a desktop, or where that was asked for. */
async function showPage(
  address: string,
  open: boolean | undefined,
  terminal: Terminal,
): Promise<void> {
  const { platform, env, stdout } = process;
  const desktop = !terminal.json && hasDesktop({ platform, env, isTTY: stdout.isTTY === true });
  if (!(open ?? desktop)) return;
  await openFile(address, platform).catch((error: unknown) =>
    terminal.warn(`could not open ${address} in the browser: ${reasonOf(error)}`),
  );
}
