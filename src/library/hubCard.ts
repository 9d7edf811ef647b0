/** The card of an exported model: README.md of a folder of the hub's layout. */
import { plural, showBytes, showCount } from '../core/text.ts';
import { version } from '../core/version.ts';
import type { JoinedSettings, ModelSettings } from '../encoders/index.ts';
import { type Run, type StoredEvaluation, storedModel } from '../run/index.ts';
import type { ClusterName } from './exportParts.ts';
import type { ExportedOnnx } from './writeOnnx.ts';

export interface HubCardOptions {
  run: Run;
  /** Name of the model. */
  title: string;
  models: readonly ExportedOnnx[];
  /** Clusters of the second output; empty without one. */
  names: readonly ClusterName[];
  /** Last evaluation of the run, where there is one. */
  scores?: StoredEvaluation;
}

/** Text of the card. The license is left to the person who publishes the model. */
export function hubCard({ run, title, models, names, scores }: HubCardOptions): string {
  const [whole] = models;
  const { imageSize, dimension } = whole!;
  const base = storedModel(run.config);
  const clusters = names.length > 0;
  const sections = [
    frontMatter(base),
    `# ${title}`,
    `An image encoder that ${madeBy(run, base)}. It turns an image of ${imageSize} px into ` +
      `${dimension} features of length 1; compare images by the product of their features.` +
      (clusters ? ` Its second output, \`clusters\`, has the probability of each cluster.` : ''),
    `Made with [likeness](https://www.npmjs.com/package/likeness-ml) ${version}. Fill in the ` +
      'license above before you publish it, and say what the images show.',
    '## Use',
    code('js', [
      "import { pipeline } from '@huggingface/transformers';",
      '',
      `const extract = await pipeline('image-feature-extraction', '${title}', { dtype: 'fp32' });`,
      `const { data } = await extract('photo.jpg'); // ${dimension} features`,
    ]),
    code('ts', [
      "import { openEncoder } from 'likeness-ml';",
      '',
      `const encoder = await openEncoder('${title}');`,
      "const { data } = await encoder.embed('photos'); // a row for each image",
    ]),
    'Any ONNX runtime runs the files. The input `pixel_values` is float32 ' +
      `[batch, 3, ${imageSize}, ${imageSize}], RGB from 0 to 1; normalization is part of the model.`,
    '## Files',
    table(
      ['file', 'weights', 'size', 'kNN accuracy', 'same 10 nearest neighbors', 'mean cosine'],
      models.map(fileRow),
    ),
    ...scoreSection(scores),
    ...(clusters ? clusterSection(names) : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

function frontMatter(base: ModelSettings | undefined): string {
  const repo = base?.hub?.id.replace(/^hub:/, '').replace(/[@#].*$/, '');
  return [
    '---',
    '# license: the license that you give, such as mit or cc-by-4.0',
    'library_name: transformers.js',
    'pipeline_tag: image-feature-extraction',
    ...(repo ? [`base_model: ${repo}`] : []),
    'tags:',
    ...['likeness', 'onnx', 'image-clustering', 'self-supervised-learning'].map(
      (tag) => `- ${tag}`,
    ),
    '---',
  ].join('\n');
}

/** Origin of the encoder, as the end of a sentence. */
function madeBy({ config, step }: Run, base: ModelSettings | undefined): string {
  const { images } = config;
  const from = `${plural(images, 'unlabeled image')}`;
  if (config.kind === 'features') {
    if (config.encoder.name === 'joined')
      return `joins ${joinedParts(config.encoder.settings, from)}`;
    if (!base) return `has learned a dictionary of whitened patches from ${from}`;
    return `is ${nameOf(base)} as it was, with clusters of ${from}`;
  }
  const { method, encoder } = config.settings;
  const steps = `${plural(step, 'step')} of ${method.name} on ${from}`;
  if (config.origin) return `continues ${nameOf(config.origin)} with ${steps}`;
  if (base) return `is ${nameOf(base)} as it was, with a head of ${steps}`;
  return `is a ${encoder.architecture} of width ${encoder.width}, trained by ${steps}`;
}

/** Both parts of a joined encoder. */
function joinedParts({ method, network }: JoinedSettings, from: string): string {
  const steps = plural(network?.step ?? 0, 'step');
  const trained = `a network, trained by ${steps} of ${method}`;
  return `a dictionary of whitened patches and ${trained}, of ${from}`;
}

function nameOf({ model, hub }: ModelSettings): string {
  return hub ? `${model} (license ${hub.license ?? 'not stated'})` : model;
}

function fileRow({ file, precision, bytes, loss }: ExportedOnnx): string[] {
  const name = file.split(/[\\/]/).slice(-2).join('/');
  const size = showBytes(bytes);
  if (!loss) return [`\`${name}\``, precision, size, '', '', ''];
  const { knn, neighbors, meanCosine } = loss;
  return [
    ...[`\`${name}\``, precision, size],
    knn ? `${knn.after.toFixed(3)} in place of ${knn.before.toFixed(3)}` : 'no labels',
    `${(100 * neighbors.agreement).toFixed(1)}%`,
    meanCosine.toFixed(5),
  ];
}

function scoreSection(scores: StoredEvaluation | undefined): string[] {
  if (!scores) return [];
  const rows = [
    ['NMI', scores.nmi],
    ['ACC', scores.acc],
    ['ARI', scores.ari],
    ['kNN accuracy', scores.knn?.accuracy],
    ['linear classifier', scores.linear?.accuracy],
  ].flatMap(([name, value]) => (typeof value === 'number' ? [[`${name}`, value.toFixed(3)]] : []));
  if (rows.length === 0) return [];
  const { classes } = scores;
  const on = classes ? `Measured by the ${classes} classes of labeled images` : 'Measured';
  return ['## Scores', `${on}, which the training did not see:`, table(['measure', 'score'], rows)];
}

/** Most clusters that are listed. */
const MAX_LISTED = 100;

function clusterSection(names: readonly ClusterName[]): string[] {
  const rows = names
    .slice(0, MAX_LISTED)
    .map(({ name, images, class: most, share }, i) => [
      ...[`${i}`, name, images === undefined ? '' : showCount(images)],
      most === undefined ? '' : `${most} (${Math.round(100 * share!)}%)`,
    ]);
  return ['## Clusters', table(['position', 'name', 'images', 'most frequent class'], rows)];
}

const code = (language: string, lines: readonly string[]) =>
  [`\`\`\`${language}`, ...lines, '```'].join('\n');

/** Rows of Markdown. A name must not end a cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells
      .map((cell) =>
        cell
          .replace(/[\r\n]+/g, ' ')
          .replaceAll('|', '\\|')
          .replaceAll('<', '&lt;'),
      )
      .join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
