/** `likeness start`: trains, evaluates and clusters the bundled sample data set. */
import { showDuration } from '../core/text.ts';
import { samplePath, train } from '../likeness.ts';
import { clusterWith } from './cluster.ts';
import type { Command } from './command.ts';
import { evaluateWith } from './evaluate.ts';
import type { Terminal } from './terminal.ts';
import { reportTrained } from './train.ts';

/** Number of classes of the sample, so that clusters can be compared with the labels. */
const SAMPLE_CLUSTERS = 10;

export const startCommand: Command = {
  name: 'start',
  summary: 'Trains, clusters and evaluates on the sample of real images that comes with likeness.',
  details:
    'A few thousand images of Fashion-MNIST. Labels are used for measuring only. Takes ' +
    'about three minutes on two cores.',
  arguments: [],
  options: [
    { flags: '-o, --out <dir>', description: 'folder of the run', default: 'runs/<date>-swav-sample' },
  ],
  examples: [
    {
      command: 'likeness start',
      meaning: 'train, evaluate and cluster the bundled sample data set',
    },
  ],
  async run(_args, { out }, terminal) {
    const started = performance.now();
    printHeadline(terminal, 'Training SwAV on 4,000 images, without labels');
    const model = await train(samplePath, { out: out as string | undefined, ...terminal.watch });
    const trained = reportTrained(model, samplePath, terminal);
    if (trained.outcome === 'interrupted') return { trained };
    printHeadline(terminal, 'Evaluating against the labels, beside three baselines');
    const evaluated = await evaluateWith(model, samplePath, {}, terminal);
    // After the evaluation, so that the report contains its scores.
    printHeadline(terminal, 'Clustering all images');
    const clustered = await clusterWith(model, samplePath, { k: SAMPLE_CLUSTERS }, terminal);
    printHeadline(terminal, `Done in ${showDuration((performance.now() - started) / 1000)}`);
    terminal.say(`The report with your clusters:  ${model.run}/report.html`);
    terminal.say();
    terminal.say('Next, your own folder of images (no labels needed, everything runs locally):');
    terminal.say('  npm run --silent likeness -- train <folder> --minutes 30 --out runs/mine');
    terminal.say('  npm run --silent likeness -- cluster <folder> --run runs/mine --into sorted --by link');
    return { run: model.run, trained, clustered, evaluated };
  },
};

function printHeadline(terminal: Terminal, text: string): void {
  terminal.say();
  terminal.say(text);
  terminal.say('─'.repeat(text.length));
}
