/**
 * PyTorch in each of its memory formats. The tables show the faster one; both have to compute our
 * results.
 */
import { peerContender } from './contenders.ts';
import { openPeer, type Peer, type PeerOptions, withPeer } from './peer.ts';
import type { Contender } from './turns.ts';

export const formats = ['contiguous', 'channels_last'] as const;

/** Builds the options of the peer for a memory format. */
export type InFormat = (format: string) => PeerOptions;

/** Asks the peer in each format and returns the largest difference from our results. */
export async function largestDifference(
  python: string,
  of: InFormat,
  differenceFrom: (peer: Peer, format: string) => Promise<number>,
): Promise<number> {
  const found: number[] = [];
  for (const format of formats)
    found.push(await withPeer(python, of(format), (peer) => differenceFrom(peer, format)));
  return Math.max(...found);
}

/** Creates a contender per memory format; `ready` runs untimed after the start. */
export function formatContenders(
  python: string,
  of: InFormat,
  {
    request,
    ready = async () => {},
  }: { request: string; ready?: (peer: Peer) => Promise<unknown> },
): Contender[] {
  return formats.map((format) =>
    peerContender({
      ...{ name: format, request },
      async open() {
        const peer = await openPeer(python, of(format));
        await ready(peer);
        return peer;
      },
    }),
  );
}

/** Starts the peer that writes the common initial values; its format does not matter. */
export function saveStart(python: string, of: InFormat, file: string): Promise<unknown> {
  return withPeer(python, of(formats[0]), (peer) => peer.ask({ save: file }));
}
