/** Building the page in a checkout, where the package does not bring it along. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { hasPage } from './page.ts';

/**
 * Builds the page in a checkout with the development packages, unless it is there.
 *
 * @throws LikenessError `server.page` where it cannot be built
 */
export async function ensurePage(reporter: Reporter): Promise<void> {
  if (hasPage()) return;
  const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const [vite, config] = [at('node_modules/vite/bin/vite.js'), at('ui/vite.config.ts')];
  if (!existsSync(vite) || !existsSync(config)) {
    throw new LikenessError(
      'server.page',
      'The page is not built, and the packages that build it are not installed. Run "npm ci" and ' +
        '"npm run build" in the repository.',
    );
  }
  reporter.note({ code: 'server.build', message: 'building the page once' });
  const child = spawn(process.execPath, [vite, 'build', at('ui')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: reporter.signal,
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0 && hasPage()) return;
  throw new LikenessError('server.page', `The page could not be built: ${text.trim() || code}`);
}
