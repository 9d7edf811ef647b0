/** `likeness start`: the whole road on the sample that comes with the repository. */
import { fileURLToPath } from 'node:url';
import { showDuration } from '../core/text.ts';
import { clusterRun } from './clusterRun.ts';
import type { Command } from './command.ts';
import { evaluateRun } from './evaluateRun.ts';
import type { Terminal } from './terminal.ts';
import { trainRun } from './trainRun.ts';

const sample = fileURLToPath(new URL('../../sample', import.meta.url));

/** As many clusters as the sample has kinds of clothing: the report can then be compared with the labels. */
const SAMPLE_CLUSTERS = 10;

export const startCommand: Command = {
  name: 'start',
  summary: 'Trains, clusters and evaluates on the sample of real pictures that comes with likeness.',
  details:
    'A few thousand Fashion-MNIST pictures. Labels are used for measuring only. Takes about three minutes on two cores.',
  arguments: [],
  options: [
    { flags: '-o, --out <dir>', description: 'folder of the run', default: 'runs/<date>-swav-sample' },
  ],
  examples: [
    { command: 'likeness start', meaning: 'see the whole road once, before using your own pictures' },
  ],
  async run(_args, { out }, terminal) {
    const started = performance.now();
    headline(terminal, 'Training SwAV on 4,000 pictures, without labels');
    const trained = (await trainRun({ source: sample, out: out as string | undefined }, terminal)) as {
      run: string;
      outcome: string;
    };
    if (trained.outcome === 'interrupted') return { trained };
    headline(terminal, 'Measuring against the labels, beside three baselines');
    const evaluated = await evaluateRun({ source: sample, run: trained.run }, terminal);
    // After the measuring, so that the report shows the figures too.
    headline(terminal, 'Sorting all pictures into clusters');
    const clustered = await clusterRun(
      { source: sample, run: trained.run, clusters: SAMPLE_CLUSTERS },
      terminal,
    );
    headline(terminal, `Done in ${showDuration((performance.now() - started) / 1000)}`);
    terminal.say(`The page with your clusters:  ${trained.run}/report.html`);
    terminal.say();
    terminal.say('Next, your own folder of pictures (no labels needed, nothing leaves this machine):');
    terminal.say('  npm run --silent likeness -- train <folder> --minutes 30 --out runs/mine');
    terminal.say('  npm run --silent likeness -- cluster <folder> --run runs/mine --into sorted --by link');
    return { run: trained.run, trained, clustered, evaluated };
  },
};

function headline(terminal: Terminal, text: string): void {
  terminal.say();
  terminal.say(text);
  terminal.say('─'.repeat(text.length));
}
