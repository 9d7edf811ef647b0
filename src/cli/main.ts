#!/usr/bin/env node
/** The command line: `likeness <command>`. */
import { watchOutput } from './output.ts';
import { runCommandLine } from './program.ts';

const { stdout, stderr } = process;
const argv = process.argv.slice(2);
const output = watchOutput({ stdout, stderr });
const code = await runCommandLine(argv, { outputEnded: output.signal });
process.exitCode = await output.settle(code, { json: argv.includes('--json') });
