/** Commands that the program prints, by the way in which it was started. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commands } from './commands.ts';
import { asTyped, packageRoot, programWords, shellWord, typedCommand } from './invocation.ts';

const place = mkdtempSync(join(tmpdir(), 'likeness invocation-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const main = join(packageRoot, 'src', 'cli', 'main.ts');
const project = join(place, 'project');
const local = join(project, 'node_modules', '.bin', 'likeness');
const platform = 'linux';

/** Environment of a script of this package, typed in a folder. */
const script = (npm_lifecycle_event: string, INIT_CWD = packageRoot) => ({
  npm_lifecycle_event,
  npm_package_json: join(packageRoot, 'package.json'),
  INIT_CWD,
});

describe('programWords', () => {
  it.each([
    ['npm start', script('start'), 'npm run --silent likeness --'],
    [
      'npm run likeness',
      script('likeness', join(packageRoot, 'src')),
      'npm run --silent likeness --',
    ],
    [
      'npm --prefix',
      script('start', tmpdir()),
      `npm --prefix ${packageRoot} run --silent likeness --`,
    ],
    ['npm test', script('test'), 'node src/cli/main.ts'],
    [
      'a script of another package',
      { ...script('start'), npm_package_json: join(project, 'package.json') },
      'node src/cli/main.ts',
    ],
  ])('%s', (_, env, words) => {
    expect(programWords({ file: main, env, platform, folder: packageRoot })).toBe(words);
  });

  it.each([
    [
      'a command on the path',
      { file: '/usr/bin/likeness', env: { PATH: '/bin:/usr/bin' } },
      'likeness',
    ],
    ['the cache of npx', { file: '/h/.npm/_npx/1a/node_modules/.bin/likeness' }, 'npx likeness-ml'],
    ['a package of the project', { file: local, folder: join(project, 'src') }, 'npx likeness-ml'],
    [
      'a script of the project, which puts the package on the path',
      { file: local, folder: project, env: { PATH: join(project, 'node_modules', '.bin') } },
      'npx likeness-ml',
    ],
    ['a program that calls the command line', { file: '/opt/tests.js' }, 'likeness'],
    ['no file', { file: '' }, 'likeness'],
  ])('%s', (_, given, words) => {
    expect(programWords({ env: {}, platform, folder: '/', ...given })).toBe(words);
  });

  it('never names the program of others, whichever way npx was called', () => {
    for (const file of [local, '/h/.npm/_npx/1a/node_modules/likeness-ml/bin/likeness.js']) {
      expect(programWords({ file, env: {}, platform, folder: project })).toBe('npx likeness-ml');
    }
  });
});

describe('a printed command', () => {
  it('works in the folder where it is printed', () => {
    const folder = join(place, 'elsewhere');
    mkdirSync(folder);
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const { stdout } = spawnSync(process.execPath, [main, 'cache', '--help'], options);
    const typed = /^Usage: (.*) cache \[options\]/m.exec(stdout)?.[1];
    expect(typed).toMatch(/^node .*main\.ts$/);
    const again = spawnSync('sh', ['-c', `${typed} --version`], options);
    expect([again.status, again.stdout]).toEqual([0, '0.1.0\n']);
    expect(stdout).toContain(`  ${typed} cache`);
    expect(stdout).not.toMatch(/^ *likeness /m);
  });

  it('is found in every text of the help', () => {
    const names = commands.map(({ name }) => name);
    const texts = commands.flatMap(({ details, options, examples }) => [
      details ?? '',
      ...options.flatMap(({ description, default: shown }) => [description, shown ?? '']),
      ...examples.map(({ command }) => command),
    ]);
    const typed = texts.map((text) => asTyped(text, names, 'npx likeness-ml'));
    expect(typed.filter((text) => /\blikeness [a-z]+\b/.test(text))).toEqual([]);
    expect(typed.filter((text) => text.startsWith('npx likeness-ml ')).length).toBeGreaterThan(12);
  });
});

describe('typedCommand', () => {
  const typed = (...argv: string[]) => typedCommand(argv, { home: '/home/ann', platform: 'linux' });

  it.each([
    [['train', 'my photos', '--set', 'crops=2x96'], "likeness train 'my photos' --set crops=2x96"],
    [['train', '/home/ann/photos'], 'likeness train ~/photos'],
    [['train', '/home/anna/photos'], 'likeness train /home/anna/photos'],
    [['cluster', 'a', '--out=/home/ann/my runs'], "likeness cluster a --out ~/'my runs'"],
    [['train', 'a\u001b[2Jb\nc'], "likeness train 'a\\x1B[2Jb c'"],
  ])('%o', (argv, expected) => {
    expect(typed(...argv)).toBe(expected);
  });

  it('names no program, and is the same for a shell', () => {
    const argv = ['-c', "it is Ann's", '$HOME', '/home/ann/a b'];
    const [, ...words] = typed(...argv).split(' ');
    const { stdout } = spawnSync('sh', ['-c', `printf '%s|' ${words.join(' ')}`], {
      encoding: 'utf8',
      env: { HOME: '/home/ann' },
    });
    expect(stdout).toBe(argv.map((word) => `${word}|`).join(''));
    expect(typed('a'.repeat(5000))).toHaveLength(2000);
  });
});

describe('shellWord', () => {
  it.each([
    ['runs/photos', 'runs/photos'],
    ['my photos', "'my photos'"],
    ["Ann's", "'Ann'\\''s'"],
    ['a&b', "'a&b'"],
    ['$HOME', "'$HOME'"],
    ['', "''"],
  ])('%s', (text, word) => {
    expect(shellWord(text, 'linux')).toBe(word);
    const { stdout } = spawnSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' });
    expect(stdout).toBe(text);
  });

  it('has double quotes on Windows', () => {
    expect([shellWord('C:\\my photos', 'win32'), shellWord('C:\\photos', 'win32')]).toEqual([
      '"C:\\my photos"',
      'C:\\photos',
    ]);
  });
});
