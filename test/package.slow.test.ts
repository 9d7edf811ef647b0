/**
 * Packs the library, installs the file in an empty folder, and uses it there as a program and a
 * user do.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTextures } from './likeness.cases.ts';

const MINUTES = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'likeness-package-'));
const app = join(place, 'app');
const installed = join(app, 'node_modules', 'likeness-ml');
/** Lowest supported version, which `engines` names. */
const OLDEST = '22.18.0';
let tarball = '';

/** Runs a program to its end; what it prints on stdout. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: {
      ...process.env,
      LIKENESS_CACHE: join(place, 'cache'),
      // Keeps the runtime's install script from downloading GPU libraries, which nothing uses.
      ONNXRUNTIME_NODE_INSTALL: 'skip',
    },
  });
  expect(status, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

beforeAll(async () => {
  run(root, 'npm', 'pack', '--pack-destination', place);
  tarball = join(place, readdirSync(place).find((name) => name.endsWith('.tgz'))!);
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "type": "module", "private": true }');
  run(app, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball);
  await writeTextures(join(app, 'pictures'), 40);
}, 15 * MINUTES);
afterAll(() => rmSync(place, { recursive: true, force: true }));

const tiny = { architecture: 'resnet10', width: 4, imageSize: 16, crops: '2x16', batchSize: 8 };
const program = `import { LikenessError, train } from 'likeness-ml';
import { kmeans } from 'likeness-ml/cluster';
import { npyStream } from 'likeness-ml/formats';
import { nmi } from 'likeness-ml/metrics';
import { add, scalar } from 'likeness-ml/tensor';

const model = await train('pictures', {
  out: process.argv[2],
  settings: {
    encoder: { architecture: 'resnet10', width: 4 },
    data: { imageSize: 16, batchSize: 8 },
    views: { crops: [{ count: 2, size: 16 }] },
    schedule: { maxSteps: 3 },
    run: { threads: 1 },
    method: { name: 'swav', prototypes: 8 },
  },
});
const groups = await model.cluster('pictures', { k: 2 });
const first: number = groups.assignments[0]!;
const { assignments } = await kmeans([[0], [1], [9]], 2);
console.log(model.step, groups.k, first >= 0, nmi([0, 0, 1], assignments));
console.log(typeof npyStream, add(scalar(1), scalar(2)).shape.length, LikenessError.name);
`;

describe('the package', () => {
  it('holds what is needed at run time alone', () => {
    const names = readdirSync(installed, { recursive: true }).map(String);
    expect(names).toContain(join('dist', 'cli', 'main.js'));
    expect(names).toContain(join('dist', 'ui', 'index.html'));
    expect(names.filter((name) => /\.(test|cases)\.|\bfixtures\b/.test(name))).toEqual([]);
    expect(readdirSync(installed).sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'sample'].sort(),
    );
    expect(names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([]);
  });

  it(
    'is found in order by publint and by @arethetypeswrong/cli',
    () => {
      const tool = (name: string) => join(root, 'node_modules', '.bin', name);
      expect(run(root, tool('publint'), 'run', tarball, '--strict')).toContain('All good!');
      // A problem ends it with an error. The library is for ES modules alone.
      expect(run(root, tool('attw'), tarball, '--profile', 'esm-only')).toContain(
        'likeness-ml/metrics',
      );
    },
    5 * MINUTES,
  );

  it(
    'has types for a program in TypeScript',
    () => {
      writeFileSync(join(app, 'program.ts'), program);
      const options = { module: 'nodenext', target: 'es2023', strict: true, types: ['node'] };
      const typeRoots = [join(root, 'node_modules', '@types')];
      const compilerOptions = { ...options, typeRoots, outDir: 'built', skipLibCheck: true };
      writeFileSync(
        join(app, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['program.ts'] }),
      );
      run(app, join(root, 'node_modules', '.bin', 'tsc'), '-p', '.');
      expect(readFileSync(join(app, 'built', 'program.js'), 'utf8')).toContain(
        "from 'likeness-ml'",
      );
    },
    5 * MINUTES,
  );

  it.each([
    ['this version', () => process.execPath],
    [
      OLDEST,
      () => {
        const folder = join(place, 'node');
        mkdirSync(folder);
        writeFileSync(join(folder, 'package.json'), '{ "private": true }');
        run(
          folder,
          'npm',
          'install',
          '--prefer-offline',
          '--no-audit',
          '--no-fund',
          `node@${OLDEST}`,
        );
        return join(folder, 'node_modules', 'node', 'bin', 'node');
      },
    ],
  ])(
    'works on Node, %s',
    (version, open) => {
      const node = open();
      expect(run(root, node, join(root, 'bin', 'likeness.js'), '--help')).toContain('likeness');
      const main = join(installed, 'bin', 'likeness.js');
      expect(run(app, node, main, '--help')).toContain('likeness');
      const set = Object.entries(tiny).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
      const out = `run ${version}`;
      const args = [
        'train',
        'pictures',
        '--out',
        out,
        '--set',
        'maxSteps=3',
        '--set',
        'prototypes=8',
      ];
      const { steps } = JSON.parse(run(app, node, main, ...args, ...set, '--json')) as {
        steps: number;
      };
      expect(steps).toBe(3);
      const output = run(app, node, join('built', 'program.js'), `program ${version}`);
      expect(output).toBe('3 2 true 1\nfunction 0 LikenessError\n');
    },
    10 * MINUTES,
  );

  it('is started by npx', () => {
    for (const name of ['likeness', 'likeness-ml']) {
      const help = run(app, 'npx', '--no-install', name, 'train', '--help');
      expect(help).toContain('Usage: npx likeness-ml train [options] <source>');
      expect(help).not.toMatch(/\blikeness train\b/);
    }
  });
});
