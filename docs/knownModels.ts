/** Formats the table of known models of the hub. */
import { showBytes, showCount } from '../src/core/text.ts';
import { knownModels } from '../src/encoders/index.ts';
import { markdown } from './stored.ts';

/** Formats name, size, license and features of each model, the smallest first. */
export function knownModelsText(): string {
  const rows = knownModels.map(
    ({ id, title, file, bytes, license, imageSize, dimension, features, trainedOn }) => [
      ...[`\`${id}\``, title, `${showBytes(bytes)} (\`${file}\`)`, license, `${imageSize} px`],
      ...[`${showCount(dimension)}, ${features}`, trainedOn],
    ],
  );
  const head = ['`--encoder`', 'model', 'download', 'license', 'images', 'features', 'trained on'];
  return markdown([head, ...rows]);
}
