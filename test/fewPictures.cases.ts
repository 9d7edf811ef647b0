/** The first pictures of an IDX folder, for gates whose method takes long for each picture. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Bytes of the headers of an IDX file of images and of one of labels. */
const HEADERS = { images: 16, labels: 8 } as const;

/** Writes the first `train` and `test` pictures of a folder to another one. */
export function writeFirst(
  from: string,
  to: string,
  { train, test }: { train: number; test: number },
): void {
  mkdirSync(to, { recursive: true });
  for (const [part, count] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    for (const [kind, header] of Object.entries(HEADERS)) {
      const name = `${part}-${kind}-idx${kind === 'images' ? 3 : 1}-ubyte`;
      const whole = gunzipSync(readFileSync(join(from, `${name}.gz`)));
      const perPicture = (whole.length - header) / whole.readUInt32BE(4);
      const first = whole.subarray(0, header + count * perPicture);
      first.writeUInt32BE(count, 4);
      writeFileSync(join(to, name), first);
    }
  }
}
