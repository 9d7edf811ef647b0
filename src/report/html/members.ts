/** The images of all clusters as data of the page, for its lists and its search. */
import { pathToFileURL } from 'node:url';
import type { ReportClustering } from '../runReport.ts';

/**
 * Formats the ids by cluster, and the address that they continue where the images are files of a
 * folder. A browser shows originals from there if the page is opened as a file on this machine.
 */
export function membersHtml({ members, source }: ReportClustering): string {
  if (members === undefined) return '';
  const root = source.kind === 'folder' ? `${pathToFileURL(source.path).href}/` : undefined;
  // "</script>" in an id would end the element.
  const json = JSON.stringify({
    root,
    ids: members,
    ...(source.pages && { pages: true }),
  }).replaceAll('<', '\\u003c');
  return `<script type="application/json" id="members">${json}</script>\n`;
}
