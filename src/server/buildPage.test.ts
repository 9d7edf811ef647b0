/** A page that is older than its sources, in a checkout. */
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { isPageOld } from './buildPage.ts';

const folder = useTemporaryFolder();
const at = (name: string) => join(folder.path, name);
function write(name: string, seconds: number): void {
  mkdirSync(join(at(name), '..'), { recursive: true });
  writeFileSync(at(name), '');
  utimesSync(at(name), seconds, seconds);
}
const setTime = (name: string, seconds: number) => utimesSync(at(name), seconds, seconds);

describe('isPageOld', () => {
  it('is true after a change of a file, of one in a folder, and after a removal', () => {
    write('dist/index.html', 1000);
    write('protocol.ts', 900);
    write('ui/src/views/Map.svelte', 900);
    for (const name of ['ui/src/views', 'ui/src', 'ui']) setTime(name, 900);
    const isOld = () => isPageOld(at('dist'), [at('ui'), at('protocol.ts')]);
    expect(isOld()).toBe(false);
    setTime('protocol.ts', 1001);
    expect(isOld()).toBe(true);
    setTime('protocol.ts', 900);
    setTime('ui/src/views/Map.svelte', 1001);
    expect(isOld()).toBe(true);
    rmSync(at('ui/src/views/Map.svelte'));
    expect(isOld()).toBe(true);
  });

  it('is false in a package, which has no sources of the page, and where no page is', () => {
    write('dist/index.html', 1000);
    write('source.ts', 2000);
    expect(isPageOld(at('dist'), [at('ui')])).toBe(false);
    expect(isPageOld(at('none'), [at('source.ts')])).toBe(false);
  });
});
