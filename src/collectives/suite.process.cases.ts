/** A process of the suite's test: one rank of MPI. It writes its result into a folder. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRanks } from './index.ts';
import { PIECE, runSuite } from './suite.cases.ts';

const communicator = await openRanks({ pieceLength: PIECE });
const result = await runSuite(communicator);
writeFileSync(join(process.argv[2]!, `${communicator.rank}.json`), JSON.stringify(result));
