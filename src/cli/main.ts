#!/usr/bin/env node
/** The command line: `likeness <command>`. */
import { runCommandLine } from './program.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
