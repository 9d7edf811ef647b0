/**
 * PyTorch in each of its memory formats: it stands with the faster of them, and both have to
 * compute what we compute.
 */
import { peerContender } from './contenders.ts';
import { openPeer, type Peer, type PeerOptions, withPeer } from './peer.ts';
import type { Contender } from './turns.ts';

export const formats = ['contiguous', 'channels_last'] as const;

/** Options of the peer in a format. */
export type InFormat = (format: string) => PeerOptions;

/**
 * Asks the peer in each format, one after the other, and gives the largest difference of their
 * answers from ours.
 */
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

/** The peer in each format, as contenders; `ready` does what is not timed once it has started. */
export function formatContenders(
  python: string,
  of: InFormat,
  { request, ready = async () => {} }: { request: string; ready?: (peer: Peer) => Promise<unknown> },
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

/** A peer that writes the file that all start from; it does not matter in which format. */
export function saveStart(python: string, of: InFormat, file: string): Promise<unknown> {
  return withPeer(python, of(formats[0]), (peer) => peer.ask({ save: file }));
}
