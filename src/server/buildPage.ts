/** Building the page in a checkout, where the package does not bring it along. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { hasPage, pageFolder } from './page.ts';

/** Files that the page is built from, in a checkout. A folder stands for all its files. */
const SOURCES = [
  ...['ui/index.html', 'ui/package.json', 'ui/public', 'ui/src', 'ui/svelte.config.js'],
  ...['ui/vite.config.ts', 'src/server/protocol.ts', 'src/explore/protocol.ts'],
];

/**
 * Builds the page in a checkout with the development packages, where there is none or its sources
 * are newer. A package has no sources of the page, so its page is as it was shipped.
 *
 * @throws LikenessError `server.page` where it cannot be built
 */
export async function ensurePage(reporter: Reporter): Promise<void> {
  const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const isOld = isPageOld(pageFolder(), SOURCES.map(at));
  if (hasPage() && !isOld) return;
  const [vite, config] = [at('node_modules/vite/bin/vite.js'), at('ui/vite.config.ts')];
  if (!existsSync(vite) || !existsSync(config)) {
    const packages =
      'the packages that build it are not installed. Run "npm ci" and "npm run build" in the ' +
      'repository.';
    if (!hasPage())
      throw new LikenessError('server.page', `The page is not built, and ${packages}`);
    reporter.warn({
      code: 'server.oldPage',
      message: `The page is older than its sources, and ${packages}`,
    });
    return;
  }
  const message = isOld
    ? 'building the page again, because its sources are newer'
    : 'building the page once';
  reporter.note({ code: 'server.build', message });
  // Another process may serve or build the page meanwhile.
  const made = `${pageFolder()}.${process.pid}`;
  const child = spawn(process.execPath, [vite, 'build', at('ui'), '--outDir', made], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: reporter.signal,
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0 || !hasPage(made)) {
      throw new LikenessError('server.page', `The page could not be built: ${text.trim() || code}`);
    }
    replaceFolder(pageFolder(), made);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/**
 * Returns true for a page that is older than a file it is built from. Without such files, as in a
 * package, no page is old.
 */
export function isPageOld(folder: string, sources: readonly string[]): boolean {
  const built = statSync(join(folder, 'index.html'), { throwIfNoEntry: false });
  return built !== undefined && sources.some((path) => lastChange(path) > built.mtimeMs);
}

/** Time of the last change of a file, or in a folder; 0 where there is none. */
function lastChange(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found?.mtimeMs ?? 0;
  const inside = readdirSync(path).map((name) => lastChange(join(path, name)));
  return Math.max(found.mtimeMs, ...inside);
}

function replaceFolder(folder: string, made: string): void {
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(made, folder);
  } catch (error) {
    if (!hasPage(folder)) throw error; // else another process was first
  }
}
