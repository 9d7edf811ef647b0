import { describe, expect, it } from 'vitest';
import type { EditsAnswer, EditsRequest, RunAnswer } from '../../../src/server/protocol.ts';
import { CONFLICT, type RunSource, SourceError } from '../data/source.ts';
import { Decisions } from './decisions.ts';

const decision = { type: 'duplicates', keep: [1] } as const;

/** Page on a run at version 4, whose server answers an edit by a function. */
function pageWith(edit: (request: EditsRequest) => Promise<EditsAnswer>) {
  const said: string[] = [];
  let reloads = 0;
  const app = {
    run: { key: 'k', edits: { version: 4 } } as RunAnswer,
    source: { edit } as RunSource,
    reload: async () => void reloads++,
    say: (text: string) => void said.push(text),
  };
  return { app, said, reloads: () => reloads, decisions: new Decisions(app) };
}

describe('a decision', () => {
  it('is stored at the version of the page, which then has the next one', async () => {
    const asked: EditsRequest[] = [];
    const { app, decisions, reloads } = pageWith(async (request) => {
      asked.push(request);
      // The event comes before the answer.
      expect(decisions.isNews(5)).toBe(false);
      return { version: 5, undo: 'keep 1 of 1 duplicates' };
    });
    expect(await decisions.store(decision)).toBe(true);
    expect(asked).toEqual([{ key: 'k', version: 4, operations: [decision] }]);
    expect(app.run.edits.version).toBe(5);
    expect([reloads(), decisions.isNews(5), decisions.isNews(6)]).toEqual([0, false, true]);
  });

  it('reads the run again where another window changed it meanwhile', async () => {
    const { decisions, reloads } = pageWith(async () => {
      decisions.isNews(6);
      return { version: 5 };
    });
    await decisions.store(decision);
    expect(reloads()).toBe(1);
  });

  it('is refused where another window was faster, and the run is read again', async () => {
    const { decisions, said, reloads } = pageWith(async () => {
      throw new SourceError(CONFLICT, 'edits.version', 'version: received 4');
    });
    expect(await decisions.store(decision)).toBe(false);
    expect([said, reloads()]).toEqual([
      ['Another window was faster. See its changes, and try again.'],
      1,
    ]);
  });

  it('says why it is not stored', async () => {
    const { decisions, said } = pageWith(async () => {
      throw new SourceError(500, 'write.full', 'the disk is full');
    });
    expect(await decisions.store(decision)).toBe(false);
    expect(said).toEqual(['the disk is full']);
  });
});
