/**
 * Reads the Huffman codes of sequential JPEG scans without computing coefficients.
 *
 * Source: ITU-T T.81, annexes C and F.
 */

/** Code as a file defines it. */
export interface HuffmanCode {
  /** Numbers of codes of 1 to 16 bits. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

/** Codes by class (`0x00` DC, `0x10` AC) plus number. */
export type HuffmanCodes = Map<number, HuffmanCode>;

/** By the first 16 bits of a code: its length times 256 plus its symbol; 0 for no code. */
type Table = Uint16Array;

const MAX_LENGTH = 16;
/** Coefficients of a block. */
const COEFFICIENTS = 64;

/** Adds the codes of a segment. False where it is malformed. */
export function readCodes(body: Uint8Array, codes: HuffmanCodes): boolean {
  for (let at = 0; at < body.length; ) {
    const from = at + 1 + MAX_LENGTH;
    const counts = body.subarray(at + 1, from);
    const next = from + counts.reduce((sum, count) => sum + count, 0);
    if (next > body.length) return false;
    codes.set(body[at]!, { counts, symbols: body.subarray(from, next) });
    at = next;
  }
  return true;
}

/** Builds the table of a code. Undefined where it has too many codes. */
function tableOf({ counts, symbols }: HuffmanCode): Table | undefined {
  const table = new Uint16Array(2 ** MAX_LENGTH);
  let filled = 0;
  let used = 0;
  for (const [i, count] of counts.entries()) {
    const width = 2 ** (MAX_LENGTH - i - 1);
    for (let n = 0; n < count; n++) {
      if (filled + width > table.length) return undefined;
      table.fill((i + 1) * 256 + symbols[used++]!, filled, filled + width);
      filled += width;
    }
  }
  return table;
}

export interface ScanBlocks {
  /** Units of the scan. */
  readonly units: number;
  /** Components in a unit. */
  readonly parts: readonly ScanPart[];
  /** Units between restart markers; 0 for none. */
  readonly interval: number;
}

/** Blocks of a component in a unit of a scan, with the codes of their coefficients. */
export interface ScanPart {
  readonly blocks: number;
  readonly dc: HuffmanCode | undefined;
  readonly ac: HuffmanCode | undefined;
}

/** Tells if the data of a scan hold all its blocks, and nothing else. */
export function holdsBlocks(data: Uint8Array, { units, parts, interval }: ScanBlocks): boolean {
  const blocks = parts.flatMap((part) => {
    const dc = part.dc && tableOf(part.dc);
    const ac = part.ac && tableOf(part.ac);
    return Array.from({ length: part.blocks }, () => ({ dc, ac }));
  });
  let at = 0;
  // The last bits that were read. Beyond the end of the data come zeros, counted in `added`.
  let held = 0;
  let bits = 0;
  let added = 0;

  /** Reads at least 16 bits ahead. */
  function fill(): void {
    for (; bits < 16; bits += 8) {
      const byte = data[at];
      const isByte = byte !== undefined && (byte !== 0xff || data[at + 1] === 0);
      held = (held << 8) | (isByte ? byte : 0);
      if (isByte) at += byte === 0xff ? 2 : 1;
      else added += 8;
    }
  }
  /** Reads a code and its bits, and returns its symbol; -1 for none. */
  function read(table: Table): number {
    fill();
    const code = table[(held >>> (bits - 16)) & 0xffff]!;
    if (code === 0) return -1;
    bits -= code >> 8;
    fill();
    bits -= code & 15;
    return code & 0xff;
  }
  function readBlock(dc: Table, ac: Table): boolean {
    const size = read(dc);
    if (size < 0 || size > 15) return false;
    let k = 1;
    while (k < COEFFICIENTS) {
      const symbol = read(ac);
      if (symbol < 0) return false;
      const [run, length] = [symbol >> 4, symbol & 15];
      if (length === 0 && run < 15) break; // no more coefficients
      k += run + 1;
    }
    return k <= COEFFICIENTS && bits >= added;
  }
  /** Tells if less than a byte is left, which fills the last one up. */
  function isAtEnd(): boolean {
    fill();
    return bits - added < 8;
  }

  for (let unit = 0; unit < units; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      if (!isAtEnd()) return false;
      while (data[at] === 0xff && data[at + 1] === 0xff) at++; // fill bytes
      const isRestart = data[at] === 0xff && data[at + 1]! >= 0xd0 && data[at + 1]! <= 0xd7;
      if (!isRestart) return false;
      at += 2;
      bits = 0;
      added = 0;
    }
    for (const { dc, ac } of blocks) if (!dc || !ac || !readBlock(dc, ac)) return false;
  }
  return isAtEnd();
}
