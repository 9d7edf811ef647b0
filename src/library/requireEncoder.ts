/** Comparing the encoder of a run with the one that a person names. */
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import {
  isAsNamed,
  isHubId,
  learnedNames,
  modelDifference,
  openModelFile,
  parseModelName,
  pinnedHubId,
} from '../encoders/index.ts';
import { type Run, storedModel } from '../run/index.ts';

/**
 * Refuses a run of another encoder than the named one. The contents of a pretrained model decide,
 * and not its name. A model of the hub is that of the commit which the run was started with.
 *
 * @throws LikenessError `encoder.differs`, and those of `openModelFile`
 */
export async function requireEncoder(
  run: Run,
  encoder: string,
  { offline, reporter }: { offline: boolean | undefined; reporter: Reporter },
): Promise<void> {
  if (run.method === encoder) return;
  const differs = (received: string, expected: string) =>
    new LikenessError(
      'encoder.differs',
      `encoder: received ${received} for ${displayPath(run.folder.path)}; expected ${expected}, ` +
        'as the run was started with. Leave it out to use the encoder that the run holds, or ' +
        'start a new run.',
    );
  const own = storedModel(run.config);
  const isLearned = learnedNames.some((name) => name === encoder);
  if (!own || isLearned) throw differs(encoder, own?.model ?? run.method);
  const named = parseModelName(encoder);
  const origin = own.hub?.id === named.path ? own.hub : undefined;
  if (origin && isAsNamed(named, own)) return;
  const path = origin ? pinnedHubId(origin) + named.suffix : encoder;
  const model = await openModelFile(path, { reporter, ...(offline !== undefined && { offline }) });
  const difference = modelDifference(own, model);
  if (!difference) return;
  const { received, expected } = difference;
  throw differs(isHubId(encoder) ? `${encoder} (${received})` : received, expected);
}
