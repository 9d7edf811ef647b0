/** Tar archives for tests. */
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

/** An archive written by tar-stream, so that our reader is checked against another's writer. */
export async function tar(
  members: readonly (readonly [name: string, content: string | Buffer])[],
): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of members) {
    if (name.endsWith('/')) archive.entry({ name, type: 'directory' });
    else if (typeof content === 'string' && content.startsWith('->')) {
      archive.entry({ name, type: 'symlink', linkname: content.slice(2) });
    } else archive.entry({ name }, content);
  }
  archive.finalize();
  return buffer(archive);
}
