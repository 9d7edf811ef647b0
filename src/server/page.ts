/** Files of the built page. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LikenessError } from '../core/errors.ts';
import { readRegular } from '../formats/index.ts';

/** A file of the page in memory. */
export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** True where the name changes with the content, so that browsers may keep it. */
  readonly isHashed: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** Folder of the built page: `dist/ui` of the package, beside sources and beside the build. */
export function pageFolder(): string {
  const isSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(isSource ? '../../dist/ui' : '../ui', import.meta.url));
}

/** Returns true for a folder that holds a built page. */
export function hasPage(folder: string = pageFolder()): boolean {
  return existsSync(join(folder, 'index.html'));
}

/**
 * Reads all files of the page by their URL paths, with the token in index.html. Requests are
 * answered from this list alone, so that no URL names a file of the disk.
 *
 * @throws LikenessError `server.page` where the page was not built
 */
export async function readPage(
  token: string,
  folder: string = pageFolder(),
): Promise<ReadonlyMap<string, PageFile>> {
  if (!hasPage(folder)) {
    throw new LikenessError(
      'server.page',
      `The page is not at ${folder}. Build it with "npm run build" in the repository.`,
    );
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, PageFile>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const url = path.slice(folder.replace(/[/\\]+$/, '').length).replaceAll('\\', '/');
    const bytes = new Uint8Array(await readRegular(path));
    const type = types[extname(entry.name).toLowerCase()] ?? 'application/octet-stream';
    files.set(url, { bytes, type, isHashed: url.startsWith('/assets/') });
  }
  const index = files.get('/index.html')!;
  const html = Buffer.from(index.bytes).toString('utf8');
  const bytes = new Uint8Array(Buffer.from(withToken(html, token)));
  files.set('/index.html', { ...index, bytes });
  files.set('/', files.get('/index.html')!);
  return files;
}

/** Puts the token into `<meta name="likeness-token" content="">`. */
export function withToken(html: string, token: string): string {
  const made = html.replace(/(<meta name="likeness-token" content=")[^"]*(")/, `$1${token}$2`);
  if (made !== html) return made;
  throw new LikenessError('server.page', 'index.html has no <meta name="likeness-token">.');
}
