#!/usr/bin/env node
/** The command `likeness`. Checks the version of Node before it loads anything. */
import { existsSync } from 'node:fs';
import { isSupported, unsupportedMessage } from './nodeVersion.js';

const { node } = process.versions;
if (isSupported(node)) {
  // Compiled code in the temporary folder halves the time of the next start. Imported here, because
  // older versions of Node lack it.
  (await import('node:module')).enableCompileCache();
  // A checkout has the sources, and a package has the build alone.
  const source = new URL('../src/cli/main.ts', import.meta.url);
  await import(
    existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href
  );
} else {
  process.stderr.write(`error: ${unsupportedMessage(node)}\n`);
  process.exitCode = 1;
}
