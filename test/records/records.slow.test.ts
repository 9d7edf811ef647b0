/**
 * Every method leaves the recorded bytes after a tiny training. Bytes depend on the processor's
 * vector features and on the runtime: where these differ from the record's, each recipe is trained
 * twice, with different numbers of loader workers, and the two are compared instead.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { recipes } from './recipes.ts';
import { machineHere, openRecorder, type Records, recordsFile } from './record.ts';

const { machine, records } = JSON.parse(readFileSync(recordsFile, 'utf8')) as Records;
const isSameMachine = isDeepStrictEqual(machine, machineHere());
const recorder = openRecorder();
afterAll(() => recorder.close());

describe('the recorded trainings', () => {
  it('are those of the recipes', () => {
    expect(Object.keys(records)).toEqual(Object.keys(recipes));
  });

  it.each(Object.keys(recipes))('%s leaves the same bytes', { timeout: 240_000 }, async (name) => {
    const recorded = await recorder.record(name, { workers: 2 });
    expect(recorded).toEqual(
      isSameMachine ? records[name] : await recorder.record(name, { workers: 1 }),
    );
  });
});
