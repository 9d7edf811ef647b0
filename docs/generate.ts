/**
 * Writes the pages of the documentation that come from the program itself: one page per command,
 * and the settings. `node docs/generate.ts` writes them; `node docs/generate.ts --check` fails when
 * one is not what it would write.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pages } from './pages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
let stale = 0;
for (const [path, content] of Object.entries(pages())) {
  const file = join(root, path);
  let before = '';
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // A page that is not there yet is stale.
  }
  if (before === content) continue;
  stale++;
  if (check) {
    process.stderr.write(`${path} is not what the program says; run "npm run docs"\n`);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  process.stdout.write(`${path}\n`);
}
if (check && stale > 0) process.exitCode = 1;
