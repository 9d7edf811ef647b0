/**
 * Records what every recipe leaves today in checkpoints.json, after two trainings with different
 * numbers of loader workers have left the same.
 *
 *     node test/records/make.ts [recipe...]
 *
 * A changed record is a change of results, and belongs in a commit that says why.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { recipes } from './recipes.ts';
import { machineHere, openRecorder, type Recorded, type Records, recordsFile } from './record.ts';

const recorder = openRecorder();
try {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !Object.hasOwn(recipes, name));
  if (unknown.length > 0)
    throw new Error(`${unknown.join(', ')}: not among ${Object.keys(recipes).join(', ')}`);
  const before =
    named.length > 0 ? (JSON.parse(readFileSync(recordsFile, 'utf8')) as Records).records : {};
  const records: Record<string, Recorded> = { ...before };
  for (const name of named.length > 0 ? named : Object.keys(recipes)) {
    const recorded = await recorder.record(name, { workers: 1 });
    if (!isDeepStrictEqual(await recorder.record(name, { workers: 3 }), recorded))
      throw new Error(`${name}: two trainings with 1 and 3 workers differ`);
    records[name] = recorded;
    console.log(`${name} ${recorded.checkpoint}`);
  }
  const about = { cpu: cpus()[0]?.model ?? 'unknown', node: process.version };
  const content: Records = { machine: machineHere(), about, records };
  writeFileSync(recordsFile, `${JSON.stringify(content, null, 2)}\n`);
} finally {
  recorder.close();
}
