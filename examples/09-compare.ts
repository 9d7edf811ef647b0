/** Comparison: several methods and values of a setting under the same conditions, as one table. */
import { compare, compareTable, type SettingsPatch } from '../src/likeness.ts';
import { folder, isTiny } from './input.ts';

// A real comparison has three seeds and more than a minute per run.
const tiny: SettingsPatch = {
  encoder: { architecture: 'resnet10', width: 4 },
  run: { measures: 'none' },
  method: { prototypes: 32 }, // SwAV alone reads it
};
const { comparison, files } = await compare(folder, {
  methods: ['swav', 'simclr'],
  grid: { temperature: [0.1, 0.5] }, // a row per method and value
  seeds: 1,
  out: 'runs/comparison',
  ...(isTiny ? { epochs: 1, settings: tiny } : { minutes: 5 }),
  onNote: ({ message }) => console.log(message),
});

for (const line of compareTable(comparison)) console.log(line);
console.log(`page: ${files.html}`);
