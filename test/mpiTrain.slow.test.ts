/** `mpirun likeness train`: one run of several ranks, its faults, and its continuation. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mpirun, whyWithoutMpi } from '../src/collectives/mpi/mpirun.cases.ts';
import { readSafetensors } from '../src/formats/index.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';
import { root } from './repository.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const reason = whyWithoutMpi();
if (reason !== undefined) console.warn(`Tests of training with MPI are skipped, because ${reason}.`);

const main = join(root, 'src/cli/main.ts');
const photos = join(workplace.path, 'photos');
beforeAll(() => writeTextures(photos, { perKind: 16 }));
