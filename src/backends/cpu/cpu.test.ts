/** The CPU backend keeps the contract of all backends. */
import { testBackend } from '../backend.cases.ts';
import { testFloat64 } from '../float64.cases.ts';
import { testOperators } from '../operators.cases.ts';
import { openCpu } from './cpu.ts';

const open = () => openCpu({ threads: 1 });

testBackend(open);
testOperators(open);
testFloat64(open);
