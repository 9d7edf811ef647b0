/**
 * Tells if the scans of a JPEG hold the whole picture.
 *
 * Decoders fill what is missing with gray, and tell it late or not at all.
 *
 * Source: ITU-T T.81, annexes B, F and G.
 */
import { type HuffmanCodes, holdsBlocks, readCodes } from './jpegHuffman.ts';
import { END_OF_IMAGE, isFrame, jpegSegments, START_OF_SCAN } from './jpegSegments.ts';

const HUFFMAN = 0xc4;
const RESTART = 0xdd;
/** Baseline and extended sequential frames, whose scans have all coefficients at once. */
export const SEQUENTIAL: readonly number[] = [0xc0, 0xc1];
const PROGRESSIVE = 0xc2;
/** Coefficients of a block. */
const COEFFICIENTS = 64;

interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
  /** Lowest bit that each coefficient has been sent to. Undefined: not sent at all. */
  readonly lowest: (number | undefined)[];
}

interface Frame {
  readonly isSequential: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

/**
 * Tells if every coefficient of every component has been sent to its last bit.
 *
 * The data of sequential scans are counted. Those of progressive scans are not: the decoder reads
 * all of them before the first row, and misses no warning. False for frames of other kinds.
 */
export function hasAllScans(bytes: Uint8Array): boolean {
  const codes: HuffmanCodes = new Map();
  let interval = 0;
  let frame: Frame | undefined;
  let scan: { readonly body: Uint8Array; readonly from: number } | undefined;
  const isScanWhole = (end: number) =>
    scan === undefined ||
    (frame !== undefined &&
      readScan(frame, scan.body, { data: bytes.subarray(scan.from, end), codes, interval }));

  for (const { marker, at, next } of jpegSegments(bytes)) {
    if (marker === undefined) continue;
    if (!isScanWhole(at)) return false;
    scan = undefined;
    if (marker === END_OF_IMAGE || next > bytes.length) break;
    const body = bytes.subarray(at + 4, next);
    if (isFrame(marker)) {
      if (frame) return false;
      frame = readFrame(marker, body);
      if (!frame) return false;
    } else if (marker === HUFFMAN) {
      if (!readCodes(body, codes)) return false;
    } else if (marker === RESTART) {
      interval = body[0]! * 256 + body[1]!;
    } else if (marker === START_OF_SCAN) {
      scan = { body, from: next };
    }
  }
  if (!frame || !isScanWhole(bytes.length)) return false;
  return frame.components.every(({ lowest }) => lowest.every((bit) => bit === 0));
}

function readFrame(marker: number, body: Uint8Array): Frame | undefined {
  const isSequential = SEQUENTIAL.includes(marker);
  const count = body[5]!;
  if (!(isSequential || marker === PROGRESSIVE) || body.length < 6 + 3 * count) return undefined;
  const components = Array.from({ length: count }, (_, i): Component => {
    const [id, sampling] = body.subarray(6 + 3 * i);
    return {
      id: id!,
      h: sampling! >> 4,
      v: sampling! & 15,
      lowest: Array.from({ length: COEFFICIENTS }, () => undefined),
    };
  });
  const [height, width] = [body[1]! * 256 + body[2]!, body[3]! * 256 + body[4]!];
  const isKnown =
    body[0] === 8 && components.every(({ h, v }) => h >= 1 && h <= 4 && v >= 1 && v <= 4);
  return isKnown && width > 0 && height > 0 && count > 0
    ? { isSequential, width, height, components }
    : undefined;
}

/** Notes what a scan sends. False where it is malformed, or its data end before its last block. */
function readScan(
  frame: Frame,
  body: Uint8Array,
  { data, codes, interval }: { data: Uint8Array; codes: HuffmanCodes; interval: number },
): boolean {
  const count = body[0]!;
  if (body.length !== 4 + 2 * count) return false;
  const sent = Array.from({ length: count }, (_, i) => {
    const component = frame.components.find(({ id }) => id === body[1 + 2 * i]);
    return { component, selectors: body[2 + 2 * i]! };
  });
  const found = sent.flatMap(({ component, selectors }) =>
    component ? [{ component, selectors }] : [],
  );
  if (found.length !== count || count === 0) return false;
  const [first, last, bits] = frame.isSequential
    ? [0, COEFFICIENTS - 1, 0]
    : (body.subarray(1 + 2 * count) as unknown as [number, number, number]);
  if (first > last || last >= COEFFICIENTS) return false;
  const [high, low] = [bits >> 4, bits & 15];
  for (const { component } of found) {
    for (let k = first; k <= last; k++) {
      if (high > 0 && component.lowest[k] !== high) return false;
      component.lowest[k] = low;
    }
  }
  if (!frame.isSequential) return true;
  const [across, down] = unitsOf(frame, found);
  const isOne = count === 1;
  const parts = found.map(({ component: { h, v }, selectors }) => ({
    blocks: isOne ? 1 : h * v,
    dc: codes.get(selectors >> 4),
    ac: codes.get(0x10 | (selectors & 15)),
  }));
  return holdsBlocks(data, { units: across * down, parts, interval });
}

/** Counts the units of a scan, which hold blocks of all its components, in both directions. */
function unitsOf(
  { width, height, components }: Frame,
  found: readonly { component: Component }[],
): [across: number, down: number] {
  const maxH = Math.max(...components.map(({ h }) => h));
  const maxV = Math.max(...components.map(({ v }) => v));
  if (found.length > 1) return [Math.ceil(width / (8 * maxH)), Math.ceil(height / (8 * maxV))];
  const { h, v } = found[0]!.component;
  return [Math.ceil((width * h) / maxH / 8), Math.ceil((height * v) / maxV / 8)];
}
