/** Stored measurements of baselines: found for the same basis alone, and never believed damaged. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openWorkplace } from '../../test/likeness.cases.ts';
import { baselineStore } from './baselineStore.ts';
import type { EncoderEvaluation } from './evaluate.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
afterAll(() => workplace.remove());

const measured = {
  id: 'rawPixels',
  title: 'raw pixels',
  protocol: 'pixels',
  scores: {
    nmi: 0.1 + 0.2,
    confusion: { classes: [0], clusters: [0, 1], matched: [0, undefined], counts: [[2, 1]] },
  },
} as unknown as EncoderEvaluation;
const basis = { images: 'abc', seed: 0 };

describe('stored baselines', () => {
  it('are read as they were measured, to the last digit', async () => {
    mkdirSync(at('cache'));
    const store = baselineStore(at('cache'), basis);
    expect(await store.read('rawPixels')).toBeUndefined();
    await store.write(measured);
    expect(await store.read('rawPixels')).toStrictEqual(measured);
  });

  it('are not found for another basis or another baseline', async () => {
    expect(await baselineStore(at('cache'), { ...basis, seed: 1 }).read('rawPixels')).toBe(
      undefined,
    );
    expect(await baselineStore(at('cache'), basis).read('untrained')).toBeUndefined();
  });

  it('are not believed where a digit was changed, or the file is cut off', async () => {
    const store = baselineStore(at('cache'), basis);
    const [name] = readdirSync(at('cache'));
    const text = readFileSync(at('cache', name!), 'utf8');
    for (const changed of [text.replace('0.30000', '0.40000'), text.slice(0, 90), '', '[]']) {
      expect(changed).not.toBe(text);
      writeFileSync(at('cache', name!), changed);
      expect(await store.read('rawPixels')).toBeUndefined();
    }
    await store.write(measured);
    expect(await store.read('rawPixels')).toStrictEqual(measured);
  });

  it('need no folder that can be written', async () => {
    writeFileSync(at('file'), '');
    await baselineStore(at('file', 'folder'), basis).write(measured);
    expect(readFileSync(at('file'), 'utf8')).toBe('');
  });
});
