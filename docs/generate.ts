/**
 * Writes the generated pages of the documentation. With `--check` it writes nothing and fails where
 * a page is stale.
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
    // A missing page is stale.
  }
  if (before === content) continue;
  stale++;
  if (check) {
    process.stderr.write(`${path} is stale; run "npm run docs"\n`);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  process.stdout.write(`${path}\n`);
}
if (check && stale > 0) process.exitCode = 1;
