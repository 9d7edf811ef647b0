#!/usr/bin/env node
/** The command line: `likeness <command>`. */
import { watchOutput } from './output.ts';
import { runCommandLine } from './program.ts';

const outputClosed = watchOutput([process.stdout, process.stderr]);
process.exitCode = await runCommandLine(process.argv.slice(2), { outputClosed });
