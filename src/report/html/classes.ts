/** Clusters compared with labels: scores, a confusion matrix as SVG, and a table of purity. */

import { plural, showCount } from '../../core/text.ts';
import type { ReportClasses } from '../../run/index.ts';
import { escapeHtml, showShare } from './text.ts';

/** Largest numbers of columns and rows; report.json has the whole matrix. */
const MAX_CLUSTERS = 60;
const MAX_CLASSES = 60;
/** Smallest width of a cell with a number. */
const MIN_NUMBER_WIDTH = 34;
const WIDTH = 860;
const LEFT = 150;
const TOP = 30;
const ROW = 24;
const MAX_NAME = 20;

/** Builds the section. */
export function classesHtml(classes: ReportClasses): string {
  const { images, purity, nmi, ami, acc, ari, fmi } = classes;
  const figures = [
    `purity ${purity.toFixed(3)}`,
    `NMI ${nmi.toFixed(3)}`,
    `AMI ${ami.toFixed(3)}`,
    `ACC ${acc.toFixed(3)}`,
    `ARI ${ari.toFixed(3)}`,
    `Fowlkes-Mallows ${fmi.toFixed(3)}`,
  ].join(', ');
  return `<p class="note">${plural(images, 'image')} of this source ${images === 1 ? 'has' : 'have'} a label. The clusters were found without labels. Scores of these clusters: ${figures}.</p>
${confusionSvg(classes)}
<details><summary>Purity of each cluster</summary>${purityHtml(classes)}</details>`;
}

/**
 * Draws classes as rows and clusters as columns. The darker a cell, the larger the fraction of the
 * class in the cluster. A frame marks the cluster that matches a class one to one.
 */
export function confusionSvg({ classes, clusters, matched, counts }: ReportClasses): string {
  const columns = clusters.slice(0, MAX_CLUSTERS);
  const rows = classes.slice(0, MAX_CLASSES);
  const cell = (WIDTH - LEFT) / columns.length;
  const sizes = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const height = TOP + rows.length * ROW + 4;
  const heads = columns
    .map(
      (cluster, j) =>
        `<text x="${(LEFT + (j + 0.5) * cell).toFixed(1)}" y="${TOP - 9}" text-anchor="middle">${cluster}</text>`,
    )
    .filter((_, j) => cell >= 16 || j % 2 === 0)
    .join('');
  const body = rows.map((name, i) => {
    const y = TOP + i * ROW;
    const cells = columns.map((cluster, j) => {
      const count = counts[i]![j]!;
      const share = sizes[i]! > 0 ? count / sizes[i]! : 0;
      const x = LEFT + j * cell;
      const title = `${name}, cluster ${cluster}: ${plural(count, 'image')}, ${showShare(share)} of the class`;
      const place = `x="${(x + 0.5).toFixed(1)}" y="${y + 0.5}" width="${(cell - 1).toFixed(1)}" height="${ROW - 1}"`;
      const frame = matched[j] === i ? `<rect class="match" ${place}/>` : '';
      const number =
        cell >= MIN_NUMBER_WIDTH && count > 0
          ? `<text class="${share > 0.5 ? 'on' : 'off'}" x="${(x + cell / 2).toFixed(1)}" y="${y + ROW / 2 + 4}" text-anchor="middle">${showCount(count)}</text>`
          : '';
      return `<g><title>${escapeHtml(title)}</title><rect class="cell" fill-opacity="${(0.04 + 0.96 * share).toFixed(3)}" ${place}/>${frame}${number}</g>`;
    });
    const short =
      [...name].length > MAX_NAME ? `${[...name].slice(0, MAX_NAME - 1).join('')}…` : name;
    return `<text x="${LEFT - 10}" y="${y + ROW / 2 + 4}" text-anchor="end">${escapeHtml(short)}</text>${cells.join('')}`;
  });
  const left = [
    classes.length > rows.length
      ? plural(classes.length - rows.length, 'further class', 'further classes')
      : '',
    clusters.length > columns.length
      ? plural(clusters.length - columns.length, 'further cluster')
      : '',
  ].filter(Boolean);
  const label =
    `Confusion matrix of ${plural(classes.length, 'class', 'classes')} and ` +
    `${plural(clusters.length, 'cluster')}`;
  return `<figure class="confusion"><figcaption>Rows are classes, columns are clusters. The darker a cell, the larger the fraction of the class. A frame marks the best one-to-one match.${left.length > 0 ? ` Not drawn: ${left.join(' and ')} (see report.json).` : ''}</figcaption>
<div class="scroll"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(label)}">${heads}${body.join('\n')}</svg></div></figure>`;
}

function purityHtml({ purities }: ReportClasses): string {
  const rows = purities.map(
    ({ cluster, size, majority, share }) =>
      `<tr><th scope="row"><a href="#cluster-${cluster}">${cluster}</a></th><td>${showCount(size)}</td><td>${escapeHtml(majority)}</td><td>${showShare(share)}</td></tr>`,
  );
  return `<div class="scroll"><table>
<thead><tr><th scope="col">Cluster</th><th scope="col">Labeled images</th><th scope="col">Most frequent class</th><th scope="col">Fraction</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>`;
}
