/** Comparison: several methods under the same conditions, as one table. */
import { compare, compareTable } from '../src/likeness.ts';
import { folder, isSample } from './input.ts';

// Texts as on the command line. A real comparison has three seeds and more than a minute per run.
const tiny = ['architecture=resnet10', 'width=4', 'measures=none', 'prototypes=32'];
const { comparison, files } = await compare(folder, {
  methods: ['swav', 'simclr'],
  seeds: 1,
  out: 'runs/comparison',
  ...(isSample ? { epochs: 1, set: tiny } : { minutes: 5 }),
  onNote: ({ message }) => console.log(message),
});

for (const line of compareTable(comparison)) console.log(line);
console.log(`page: ${files.html}`);
