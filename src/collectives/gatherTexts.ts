/** Texts of all ranks, moved as integers. */
import type { Communicator } from './communicator.ts';

/** Returns the text of each rank, in the order of ranks. Texts may differ in length. */
export async function gatherTexts(communicator: Communicator, text: string): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  const longest = Int32Array.of(bytes.length);
  await communicator.allReduce(longest, { reduction: 'max' });
  const row = 1 + longest[0]!;
  const own = new Int32Array(row);
  own[0] = bytes.length;
  own.set(bytes, 1);
  const all = await communicator.allGather(own); // [R, 1 + longest]
  return Array.from({ length: communicator.size }, (_, rank) => {
    const start = rank * row + 1;
    const length = all[start - 1]!;
    return new TextDecoder().decode(Uint8Array.from(all.subarray(start, start + length)));
  });
}
