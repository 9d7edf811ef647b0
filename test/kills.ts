/**
 * Kills commands at seeded moments and compares their results with those of uninterrupted ones:
 * `npm run kills -- --count 300 --seed 1`. Exits with 1 where a run is a fault.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { timed } from './killResults.cases.ts';
import { subjects } from './killSubjects.cases.ts';
import { killCampaign, killTable } from './kills.cases.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    /** Commands to kill, joined by commas. Default: all. */
    only: { type: 'string' },
    /** Methods whose commands are killed, joined by commas. Default: all. */
    methods: { type: 'string' },
    /** Folder for the files of runs with a fault. */
    out: { type: 'string', default: 'kills' },
  },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
if (!(Number.isSafeInteger(count) && count > 0 && Number.isSafeInteger(seed))) {
  throw new Error(
    `--count ${values.count} --seed ${values.seed}: expected a whole count above 0 and a whole seed`,
  );
}
const [only, methods] = [values.only, values.methods].map((names) => names?.split(','));
const chosen = subjects.filter(
  ({ command, method }) => (only?.includes(command) ?? true) && (methods?.includes(method) ?? true),
);
if (chosen.length === 0) {
  throw new Error(`--only ${values.only} --methods ${values.methods}: expected names that fit`);
}
console.log('Compared byte by byte, except');
for (const { file, leftOut } of timed) console.log(`- ${file}: without ${leftOut}`);
const { rows, kills, faults } = await killCampaign({
  ...{ count, seed, subjects: chosen },
  onRun({ kills, how, fault, place }) {
    if (!fault) {
      process.stderr.write(`${kills} ${how}\n`);
      return;
    }
    const { number, command, method, kind, message } = fault;
    const kept = join(values.out, `${seed}-${number}-${command}-${method}`);
    cpSync(place, kept, { recursive: true });
    process.stderr.write(`${kills} ${kind}: ${command} ${method}, kept in ${kept}: ${message}\n`);
  },
});
console.log(`\n${killTable(rows)}\n\n${kills} kills, seed ${seed}`);
process.exitCode = faults.length > 0 ? 1 : 0;
