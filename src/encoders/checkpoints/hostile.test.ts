/**
 * Hostile checkpoints: refused in a sentence, with nothing run and no memory taken for what they
 * claim.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { LikenessError } from '../../core/errors.ts';
import { checkpointModel } from './checkpointModel.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const fixture = new URL('../../../test/fixtures/checkpoints/', import.meta.url);
const zipped = readFileSync(new URL('checkpoint_3.tar', fixture));
const stream = readFileSync(new URL('moco.pth', fixture));

/** Error of an import, which must be one of likeness, and take less than 200 MB. */
async function refused(name: string, bytes: Uint8Array): Promise<string> {
  writeFileSync(at(name), bytes);
  const before = process.memoryUsage().rss;
  try {
    await checkpointModel(at(name));
  } catch (error) {
    if (!(error instanceof LikenessError)) throw error;
    expect(error.message).not.toMatch(/\.\.(?!\/)|`/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
    return `${error.code}: ${error.message}`;
  }
  throw new Error('expected a refusal');
}

const text = (value: string) => Buffer.from(value, 'latin1');
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const unicode = (value: string) => [text('X'), u32(value.length), text(value)];
const pickle = (...parts: Uint8Array[]) =>
  Buffer.concat([Buffer.from([0x80, 2]), ...parts, text('.')]);

/** A zip archive of stored or deflated entries, whose sizes may be claimed to be others. */
function zip(
  entries: { name: string; data: Uint8Array; method?: 0 | 8; claimed?: number }[],
): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, data, method = 0, claimed } of entries) {
    const packed = method === 8 ? deflateRawSync(data) : Buffer.from(data);
    const size = claimed ?? data.length;
    const own = claimed ?? packed.length;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(own, 14);
    fields.writeUInt32LE(size, 18);
    fields.writeUInt16LE(name.length, 22);
    local.push(Buffer.concat([text('PK\x03\x04'), fields, text(name), packed]));
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 0]);
    central.push(Buffer.concat([text('PK\x01\x02'), made, fields, tail, text(name)]));
    offset += local.at(-1)!.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, text('PK\x05\x06'), end]);
}

const archive = (data: Uint8Array) => zip([{ name: 'a/data.pkl', data }]);

/** Pickles that run something when Python loads them; the mark would be the file of a call. */
const MARK = at('mark');
const call = (module: string, name: string) => [
  text(`c${module}\n${name}\n`),
  ...unicode(`touch ${MARK}`),
  Buffer.from([0x85]),
  text('R'),
];

describe('a checkpoint', () => {
  it('that names one dictionary 150 times at each of six levels is refused at once', async () => {
    const level = (depth: number) => [
      text('}('),
      ...Array.from({ length: 150 }, (_, i) => [
        ...unicode(`k${i}`),
        Buffer.from([0x68, depth - 1]),
      ]).flat(),
      Buffer.from([0x75, 0x71, depth]),
    ];
    const levels = [1, 2, 3, 4, 5, 6].flatMap(level);
    const bytes = pickle(Buffer.from([0x7d, 0x71, 0]), ...levels);
    expect(await refused('laughs.pth', archive(bytes))).toMatch(
      /^torch\.malformed: .* its dictionaries have more than 100,000 entries together/,
    );
  });

  it.each([
    ['reduce to os.system', pickle(...call('os', 'system'))],
    ['reduce to posix.system', pickle(...call('posix', 'system'))],
    ['reduce to builtins.exec', pickle(...call('builtins', 'exec'))],
    ['reduce to subprocess.check_output', pickle(...call('subprocess', 'check_output'))],
    ['reduce to torch.hub.load', pickle(...call('torch.hub', 'load'))],
    ['reduce to runpy.run_path', pickle(...call('runpy', 'run_path'))],
    ['INST', pickle(text('('), ...unicode(`touch ${MARK}`), text('ios\nsystem\n'))],
    ['OBJ', pickle(text('(cos\nsystem\n'), ...unicode('x'), text('o'))],
    ['NEWOBJ', pickle(text('cos\nsystem\n)'), Buffer.from([0x81]))],
    ['NEWOBJ_EX', pickle(text('NN}'), Buffer.from([0x92]))],
    ['STACK_GLOBAL', pickle(...unicode('os'), ...unicode('system'), Buffer.from([0x93]))],
    ['EXT1', pickle(Buffer.from([0x82, 1]))],
    ['EXT2', pickle(Buffer.from([0x83, 1, 0]))],
    ['EXT4', pickle(Buffer.from([0x84, 1, 0, 0, 0]))],
    ['PERSID', pickle(text('Pos.system\n'))],
    ['BUILD of a callable', pickle(text('cos\nsystem\n}b'))],
    ['NEXT_BUFFER', pickle(Buffer.from([0x97]))],
    ['READONLY_BUFFER', pickle(Buffer.from([0x98]))],
    ['BYTEARRAY8', pickle(Buffer.from([0x96, 255, 255, 255, 255, 255, 255, 255, 127]))],
  ])('with %s is refused in both kinds of file, and nothing runs', async (name, bytes) => {
    const own = name.replaceAll(/[^a-z0-9]/gi, '-');
    for (const [kind, file] of [
      ['zip', archive(bytes)],
      ['stream', bytes],
    ] as const) {
      expect(await refused(`${own}-${kind}.pth`, file)).toMatch(/^torch\.(refused|malformed): /);
    }
    expect(existsSync(MARK)).toBe(false);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a cut zip archive', zipped.subarray(0, zipped.length / 2), /^torch\.malformed/],
    ['a cut stream', stream.subarray(0, stream.length / 2), /^torch\.malformed/],
    ['an empty file', new Uint8Array(0), /^import\.format: .* is empty; expected a PyTorch file/],
    ['bytes of no format', Buffer.from([7, 200, 155]), /^import\.format: .*the bytes 07 c8 9b;/],
    [
      'one tensor',
      archive(
        pickle(
          text('ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n'),
          text('X\x01\0\0\x000X\x03\0\0\0cpuK\x03tQK\0K\x03\x85K\x01\x85\x89NtR'),
        ),
      ),
      /^import\.layout: .* holds one tensor of the shape \[3\]; expected a dictionary of tensors/,
    ],
    ['an empty dictionary', archive(pickle(text('}'))), /holds an empty dictionary; expected/],
    ['an empty list', archive(pickle(text(']'))), /holds an empty list; expected/],
    ['a list of numbers', archive(pickle(text(']K\x07a'))), /holds a list without tensors;/],
    ['None', archive(pickle(text('N'))), /holds no value \(None\); expected/],
    ['a number', archive(pickle(text('K\x07'))), /holds a single value \(number\); expected/],
    ['a list that holds itself', archive(pickle(text(']q\0h\0a'))), /^import\.layout/],
    [
      'dictionaries within dictionaries',
      archive(
        pickle(...Array(5000).fill(text('}X\x01\0\0\0a')), text('N'), text('s'.repeat(5000))),
      ),
      /^import\.layout/,
    ],
    [
      'a compressed pickle that unpacks to 100 MB',
      zip([{ name: 'a/data.pkl', data: Buffer.alloc(1e8), method: 8 }]),
      /compressed, which torch\.save never does/,
    ],
    [
      'a pickle that claims 4 GB',
      zip([{ name: 'a/data.pkl', data: pickle(text('N')), claimed: 0xfffffff0 }]),
      /^torch\.malformed/,
    ],
    [
      'an array that claims 3 GB',
      zip([
        { name: 'a/data.pkl', data: pickle(text('N')) },
        { name: 'a/data/0', data: Buffer.alloc(8), claimed: 3e9 },
      ]),
      /^torch\.malformed/,
    ],
  ])('of %s is refused', async (name, bytes, message) => {
    expect(await refused(`${name.replaceAll(' ', '-')}.pth`, bytes)).toMatch(message);
  });

  const safetensors = (header: unknown, bytes: number) => {
    const json = text(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    return Buffer.concat([length, json, Buffer.alloc(bytes)]);
  };
  const tensor = (shape: number[], from: number, to: number) => ({
    ...{ dtype: 'F32', shape, data_offsets: [from, to] },
  });
  it.each<[string, Uint8Array]>([
    ['overlapping ranges', safetensors({ a: tensor([2], 0, 8), b: tensor([2], 4, 12) }, 12)],
    ['a gap between ranges', safetensors({ a: tensor([1], 0, 4), b: tensor([1], 8, 12) }, 12)],
    ['a range behind the end', safetensors({ a: tensor([1000], 0, 4000) }, 12)],
    ['a range of another length', safetensors({ a: tensor([3], 0, 8) }, 8)],
    ['a negative size', safetensors({ a: tensor([-1], 0, 4) }, 4)],
    ['a shape of 2^60', safetensors({ a: tensor([2 ** 30, 2 ** 30], 0, 4) }, 4)],
    ['a header of 2^62 bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 64, 0x7b])],
    [
      'a header that is no JSON',
      Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), text('{]')]),
    ],
    [
      'the name __proto__',
      safetensors('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
  ])('of safetensors with %s is refused', async (name, bytes) => {
    const file = `${name.replaceAll(/[^a-z0-9]/gi, '-')}.safetensors`;
    expect(await refused(file, bytes)).toMatch(
      name.includes('__proto__')
        ? /^(safetensors\.malformed|import\.layout)/
        : /^safetensors\.malformed/,
    );
    expect(({} as { dtype?: unknown }).dtype).toBeUndefined();
  });
});
