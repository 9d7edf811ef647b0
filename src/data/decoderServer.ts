/** Child side of a decoding process. Answers requests until its parent has ended. */
import { createHash } from 'node:crypto';
import process from 'node:process';
import sharp from 'sharp';
import { LikenessError } from '../core/errors.ts';
import type {
  DecoderReply,
  DecoderRequest,
  Numbered,
  SampleSourceRequest,
  StoreRequest,
} from './decoderProtocol.ts';
import { failureOf } from './decoderProtocol.ts';
import { samplesOf, type ValueSample } from './deepSample.ts';
import { resumePack } from './pack-file.ts';
import { openSource } from './source.ts';
import { type Decode, storeRange } from './storeRange.ts';
import type { EncodedImage, ImageSize, Pixels, Source } from './types.ts';

export interface Decoders {
  readonly decode: Decode;
  readonly measure: (image: EncodedImage) => Promise<ImageSize>;
  readonly sample: (image: EncodedImage) => Promise<ValueSample | undefined>;
}

/** libvips loaders of the formats that `sniffFormat` knows. */
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(
  (name) => `VipsForeignLoad${name}Buffer`,
);

/** Serves requests of the parent process. */
export function serveDecoder(decoders: Decoders): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
  // A terminal sends these signals to the parent as well, which kills this process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  // Without the parent the work is useless. Threads in the middle of decoding delay an orderly
  // exit.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (request: Numbered<DecoderRequest>) => void answer(request, decoders));
  void send({ kind: 'ready' });
}

async function answer(request: Numbered<DecoderRequest>, decoders: Decoders): Promise<void> {
  const { id } = request;
  try {
    await send({ kind: 'result', id, value: await resultOf(request, decoders) });
  } catch (error) {
    await send({ kind: 'failed', id, failure: failureOf(error) });
  }
}

function resultOf(
  request: Numbered<DecoderRequest>,
  { decode, measure, sample }: Decoders,
): Promise<Pixels | ImageSize | ValueSample | ValueSample[] | undefined> {
  if (request.kind === 'decode') return decode(request.image, request.options);
  if (request.kind === 'measure') return measure(request.image);
  if (request.kind === 'sample') return sample(request.image);
  if (request.kind === 'sampleSource') return sampleSource(request, sample);
  return store(request, decode);
}

async function sampleSource(
  { location, choices, indices }: SampleSourceRequest,
  sample: Decoders['sample'],
): Promise<ValueSample[]> {
  const source = await openSource(location, { ...choices, lenient: true });
  try {
    return await samplesOf(source, indices, { sample });
  } finally {
    await source.close();
  }
}

async function store(request: Numbered<StoreRequest>, decode: Decode): Promise<undefined> {
  const { id, location, choices, listing, file, position, from, to, pace, size, maxPixels } =
    request;
  const source = await openSource(location, { ...choices, lenient: true });
  try {
    if (listingOf(source) !== listing) {
      throw new LikenessError(
        'source.changed',
        `source: the images in ${location} changed while they were decoded. Run the command ` +
          'again when nothing writes there.',
      );
    }
    const pack = await resumePack(file, position);
    try {
      await storeRange(source, pack, {
        ...{ from, to, pace, size, maxPixels, decode },
        onStored: (part) => send({ kind: 'part', id, part }),
      });
    } finally {
      await pack.close();
    }
  } finally {
    await source.close();
  }
  return undefined;
}

/** Hashes the ids of a source, so that two processes can check that they list the same images. */
export function listingOf({ entries }: Pick<Source, 'entries'>): string {
  const hash = createHash('sha256');
  for (const { id } of entries) hash.update(`${id}\n`);
  return hash.digest('hex');
}

/** Resolves when the message has left this process, so that a later crash cannot lose it. */
function send(reply: DecoderReply): Promise<void> {
  return new Promise((resolve) => {
    process.send!(reply, undefined, undefined, () => resolve());
  });
}
