/** A page of its own with pictures of some images, which needs no server. */
import { plural } from '../core/text.ts';

export interface TakeAwaySection {
  readonly title: string;
  readonly images: readonly { readonly path: string; readonly picture?: Uint8Array }[];
}

export interface TakeAwayPage {
  readonly title: string;
  /** Number of images that were chosen; the page may show fewer. */
  readonly total: number;
  readonly sections: readonly TakeAwaySection[];
}

/** Writes one HTML file without scripts, whose pictures are part of it. */
export function takeAwayPage({ title, total, sections }: TakeAwayPage): string {
  const shown = sections.reduce((sum, { images }) => sum + images.length, 0);
  const count = shown < total ? `${shown} of ${plural(total, 'image')}` : plural(total, 'image');
  const body = sections.map(
    (section) =>
      `<section><h2>${escaped(section.title)} <small>${section.images.length}</small></h2>` +
      `<div>${section.images.map(figure).join('')}</div></section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${style}</style></head>
<body><h1>${escaped(title)} <small>${count}</small></h1>
${body.join('\n')}
</body></html>
`;
}

const style = `
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { margin: 24px; }
h1, h2 { font-weight: 600; }
h1 { font-size: 20px; }
h2 { font-size: 16px; margin: 32px 0 8px; }
small { font-weight: 400; opacity: 0.65; }
section div { display: grid; gap: 8px;
 grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); }
figure { margin: 0; min-width: 0; }
img, .none { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 4px; }
.none { background: color-mix(in oklab, currentcolor 10%, transparent); }
figcaption { font-size: 12px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
`;

function figure({ path, picture }: TakeAwaySection['images'][number]): string {
  const name = escaped(path);
  const image = picture
    ? `<img alt="" src="data:image/webp;base64,${Buffer.from(picture).toString('base64')}">`
    : '<span class="none"></span>';
  return `<figure title="${name}">${image}<figcaption><bdi>${name}</bdi></figcaption></figure>`;
}

const entities: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** Escapes text for HTML. Marks that turn the direction of text become visible. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character]!)
    .replace(/[\u202a-\u202e\u2066-\u2069\p{Cc}]/gu, '\ufffd');
}
