/** Sections of a page, and the links to them. */

export interface Panel {
  /** Anchor of the section. */
  id: string;
  title: string;
  /** Title in the contents. Default: the whole title. */
  short?: string;
  /** Content as HTML; an empty text leaves the section out. */
  content: string;
}

/** Formats a section with its heading. */
export function panelHtml({ id, title, content }: Panel): string {
  return content && `<section class="panel" id="${id}"><h2>${title}</h2>${content}</section>`;
}
