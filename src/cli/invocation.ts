/** Words that start this program again from where it was started, for the commands it prints. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { displayPath, forTerminal } from '../core/text.ts';

/** Process as far as it tells how the program was started. */
export interface Surroundings {
  /** Started file, not resolved. Default: `process.argv[1]`. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  /** Current folder. */
  readonly folder?: string;
}

/** Folder of package.json, in a checkout and in an installed package. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Name in package.json. `npx likeness` would start a program of other authors. */
const PACKAGE = 'likeness-ml';

/** Files that start the program. */
const entries = ['bin/likeness.js', 'src/cli/main.ts', 'dist/cli/main.js'];

/** Scripts of package.json that start the program. */
const scripts = new Set(['start', 'likeness']);

/**
 * Returns the words before the arguments of a command that works where it is printed.
 *
 * - Script of this package: `npm run --silent likeness --`, with `--prefix` from another folder.
 * - Package of npx or of a project around the current folder: `npx likeness-ml`.
 * - Command on the search path: `likeness`.
 * - File: `node` and its path from the current folder.
 *
 * Returns `likeness` where another program, such as a test, calls the command line.
 */
export function programWords({
  file = process.argv[1] ?? '',
  env = process.env,
  platform = process.platform,
  folder = process.cwd(),
}: Surroundings = {}): string {
  const {
    npm_lifecycle_event: script,
    npm_package_json: manifest,
    INIT_CWD: typedIn = folder,
  } = env;
  if (scripts.has(script ?? '') && manifest && resolve(dirname(manifest)) === packageRoot) {
    const prefix = isWithin(typedIn, packageRoot)
      ? ''
      : `--prefix ${shellWord(packageRoot, platform)} `;
    return `npm ${prefix}run --silent likeness --`;
  }
  if (isOnSearchPath(file, env, platform)) return 'likeness';
  if (isFoundByNpx(file, folder)) return `npx ${PACKAGE}`;
  return isEntry(file) ? `node ${shellWord(displayPath(file), platform)}` : 'likeness';
}

/** Writes `likeness <command>` of a text as it is typed here, for each of the named commands. */
export function asTyped(text: string, names: readonly string[], words = programWords()): string {
  const typed = new RegExp(`\\blikeness (?=(?:${names.join('|')})\\b)`, 'g');
  return text.replace(typed, () => `${words} `);
}

/** Writes a word of a command line so that a shell passes it unchanged. */
export function shellWord(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return /^[\w@%+=:,./\\~-]+$/.test(text) ? text : `"${text}"`;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Most characters of a command line that results name. */
const MAX_TYPED = 2000;

/**
 * Writes a command line for the results that it makes: `likeness` and its arguments, quoted for a
 * shell.
 *
 * The path of the program is left out, and the home folder is `~` again, which the shell has
 * replaced.
 */
export function typedCommand(
  argv: readonly string[],
  {
    home = homedir(),
    platform = process.platform,
  }: { home?: string; platform?: NodeJS.Platform } = {},
): string {
  const words = argv.map((text) => {
    const [, option = '', value = ''] = /^(--[\w-]+=)?(.*)$/s.exec(text)!;
    const isHome = platform !== 'win32' && home.length > 1 && value.startsWith(`${home}/`);
    if (!isHome) return shellWord(text, platform);
    // A shell replaces ~ at the start of a word alone.
    return `${option.replace('=', ' ')}~/${shellWord(value.slice(home.length + 1), platform)}`;
  });
  const line = forTerminal(['likeness', ...words].join(' ')).replaceAll('\n', ' ');
  return line.length > MAX_TYPED ? `${line.slice(0, MAX_TYPED - 1)}…` : line;
}

/** Finds the command of a global installation. Project folders on the path do not count. */
function isOnSearchPath(
  file: string,
  { PATH, Path }: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): boolean {
  const places = (PATH ?? Path ?? '').split(delimiter).filter(Boolean);
  return places.some((place) => {
    if (platform === 'win32')
      return file === join(place, 'node_modules', PACKAGE, 'bin', 'likeness.js');
    return !place.endsWith(join('node_modules', '.bin')) && file === join(place, 'likeness');
  });
}

/** Tells packages in the cache of npx, or in a project that the current folder belongs to. */
function isFoundByNpx(file: string, folder: string): boolean {
  const at = file.lastIndexOf(`${sep}node_modules${sep}`);
  if (at < 0 || !/^(\.bin[\\/]likeness|likeness-ml[\\/])/.test(file.slice(at + 14))) return false;
  const project = file.slice(0, at);
  return project.includes(`${sep}_npx${sep}`) || isWithin(folder, project);
}

function isEntry(file: string): boolean {
  try {
    const real = realpathSync(file);
    return entries.some((entry) => real === join(realpathSync(packageRoot), entry));
  } catch {
    return false;
  }
}

const isWithin = (path: string, folder: string) =>
  `${resolve(path)}${sep}`.startsWith(`${folder}${sep}`);
