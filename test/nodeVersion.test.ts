/** The oldest version of Node: stated in one place, and refused below with a sentence. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isSupported, MINIMUM, unsupportedMessage } from '../bin/nodeVersion.js';
import { readText, root } from './repository.cases.ts';

const program = join(root, 'bin', 'likeness.js');
const temporary = mkdtempSync(join(tmpdir(), 'likeness-node-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Runs the program in a process that takes itself for another version of Node. */
function runAs(version: string) {
  const versions = `{ value: { ...process.versions, node: '${version}' } }`;
  const pretend = `data:text/javascript,Object.defineProperty(process, 'versions', ${versions})`;
  return spawnSync(process.execPath, ['--import', pretend, program, '--version'], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: temporary, NODE_COMPILE_CACHE: undefined },
  });
}

describe('isSupported', () => {
  it.each([
    ['18.20.8', false],
    ['20.20.2', false],
    ['22.17.1', false],
    ['22.18.0', true],
    ['22.21.0', true],
    ['23.5.0', false],
    ['23.6.0', true],
    ['24.0.0', true],
    ['100.0.0', true],
  ])('%s: %s', (version, expected) => {
    expect(isSupported(version)).toBe(expected);
  });
});

describe('the program', () => {
  it('says what it needs on an older version, and loads nothing', () => {
    const { status, stdout, stderr } = runAs('20.20.2');
    expect([status, stdout, readdirSync(temporary)]).toEqual([1, '', []]);
    expect(stderr).toBe(
      'error: likeness needs Node 22.18 or later; this is Node 20.20.2. Install a newer one from ' +
        'https://nodejs.org or with a version manager, and run the command again.\n',
    );
  });

  it('names the version of the line 23', () => {
    expect(unsupportedMessage('23.3.0')).toMatch(
      /^likeness needs Node 22\.18 or later, 23\.6 or later of the line 23; this is Node 23\.3\.0\. /,
    );
  });

  it('runs on the oldest version, as far as it can be pretended, and stores compiled code', () => {
    const { status, stdout } = runAs(`${MINIMUM}.0`);
    expect([status, stdout]).toEqual([0, '0.1.0\n']);
    expect(readdirSync(temporary)).toEqual(['node-compile-cache']);
  });
});

describe('the oldest version', () => {
  it.each(['README.md', 'CONTRIBUTING.md'])('is stated in %s', (file) => {
    expect(readText(file)).toContain(`Node ${MINIMUM} or later`);
  });

  it('is that of package.json', () => {
    expect(JSON.parse(readText('package.json')).engines.node).toBe(`>=${MINIMUM} <23 || >=23.6`);
  });
});
