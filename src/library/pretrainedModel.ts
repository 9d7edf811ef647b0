/** Opening a pretrained model that a training or a comparison names. */
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import { isHubId, learnedNames, type ModelFile, openModelFile } from '../encoders/index.ts';

/**
 * Opens a pretrained model by its path or `hub:OWNER/NAME`.
 *
 * @throws LikenessError `option.invalid` for an encoder that is learned from the images,
 * `encoder.*`, `hub.*`
 */
export async function pretrainedModel(
  path: string,
  { offline, reporter }: { offline: boolean | undefined; reporter: Reporter },
): Promise<ModelFile> {
  if (learnedNames.some((name) => name === path)) {
    throw new LikenessError(
      'option.invalid',
      `encoder: received "${path}"; expected the path of a pretrained model, because heads on ` +
        `${path} were not measured. \`start(images, { out })\` groups without training.`,
    );
  }
  reporter.progress({
    stage: 'learn',
    text: `opening ${isHubId(path) ? path : displayPath(path)}`,
  });
  return openModelFile(path, { reporter, ...(offline !== undefined && { offline }) });
}
