/**
 * Fuzzes for longer than a test: `npm run fuzz -- --minutes 10 --seed 1`.
 * `--only 783` reads that file of the seed alone. Exits with 1 where a file is a fault.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.cases.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    /** Number of the only file. */
    only: { type: 'string' },
    /** Folder for the files that are faults. */
    out: { type: 'string', default: 'fuzz' },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0 && minutes <= 10_000) || !Number.isSafeInteger(seed)) {
  throw new Error(
    `--minutes ${values.minutes} --seed ${values.seed}: expected minutes above 0 and a whole seed`,
  );
}
const only = values.only === undefined ? undefined : Number(values.only);
const end = performance.now() + minutes * 60_000;
const report = await fuzz({
  seed,
  ...(only !== undefined && { first: only }),
  goesOn(number) {
    if (only !== undefined) return number === only;
    if (number > 0 && number % 1000 === 0) process.stderr.write(`${number} files\n`);
    return performance.now() < end;
  },
  onFault({ number, subject, kind, message }, bytes) {
    mkdirSync(values.out, { recursive: true });
    const file = join(values.out, `${seed}-${number}-${kind}`);
    writeFileSync(file, bytes);
    process.stderr.write(`${kind}: ${subject}, stored in ${file}: ${message}\n`);
  },
});
const count = (kind: string) => report.faults.filter((fault) => fault.kind === kind).length;
const { number, subject, milliseconds } = report.longest;
console.log(
  [
    `${report.files} files, ${report.read} of them read`,
    `${count('crash')} crashes, ${count('hang')} hangs, ${count('wrong')} wrong results`,
    `longest ${(milliseconds / 1000).toFixed(1)} s (${subject}, file ${number})`,
  ].join('; '),
);
process.exitCode = report.faults.length > 0 ? 1 : 0;
