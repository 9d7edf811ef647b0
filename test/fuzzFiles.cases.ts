/** Files that are damaged for fuzzing, byte by byte. */

/** An uncompressed bitmap of 24 bits. */
export function bitmap(
  rgb: Uint8Array,
  { width, height }: { width: number; height: number },
): Buffer {
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(24, 28);
  const stride = Math.ceil((width * 3) / 4) * 4;
  const rows = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++)
    rows.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * stride);
  return Buffer.concat([header, rows]);
}

/** Header and content of a tar member. */
export function tarMember(name: string, content: Uint8Array, type = '0'): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\0', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)])];
}
