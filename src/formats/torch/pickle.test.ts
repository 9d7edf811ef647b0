import { describe, expect, it } from 'vitest';
import { LikenessError } from '../../core/errors.ts';
import { type Pickled, readPickle } from './pickle.ts';
import { weightRules } from './weights.ts';

/** A pickle of protocol 2 from text (one byte per character) and numbers. */
function pickle(...parts: (string | readonly number[])[]): Uint8Array {
  const bytes = parts.flatMap((part) =>
    typeof part === 'string' ? [...part].map((letter) => letter.charCodeAt(0)) : [...part],
  );
  return Uint8Array.from([0x80, 2, ...bytes, 0x2e]);
}

const read = (bytes: Uint8Array): Pickled =>
  readPickle(bytes, { name: 'weights.pth', ...weightRules('weights.pth') }).value;

function refusal(bytes: Uint8Array): string {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof LikenessError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('expected a refusal');
}

/** Length as four bytes, little-endian. */
const u32 = (value: number) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** BINUNICODE. */
const text = (value: string) => ['X', u32(value.length), value] as const;
/** A storage of `count` floats under the key "0". */
const storage = (count: number): (string | readonly number[])[] => [
  ...['(', ...text('storage'), 'ctorch\nFloatStorage\n', ...text('0'), ...text('cpu')],
  ...['J', u32(count), 'tQ'],
];
const tensor = (count: number, offset: number, shape: number[], strides: number[]) =>
  pickle(
    ...['ctorch._utils\n_rebuild_tensor_v2\n', '(', ...storage(count), 'J', u32(offset)],
    ...['(', ...shape.flatMap((size) => ['J', u32(size)]), 't'],
    ...['(', ...strides.flatMap((size) => ['J', u32(size)]), 't'],
    'tR',
  );

describe('readPickle', () => {
  it.each([
    ['numbers', pickle('(K', [7], 'M', [1, 2], 'J', u32(-5), 't'), [7, 513, -5]],
    ['a float', pickle('G', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), 1.5],
    ['long integers', pickle('(', [0x8a, 1, 0xff], [0x8a, 0], 't'), [-1, 0]],
    ['nothing, true and false', pickle('(N', [0x88, 0x89], 't'), [null, true, false]],
    ['texts', pickle('(', ...text('ab'), 'U', [1], 'é', 't'), ['ab', 'é']],
    ['a list', pickle('](K', [1], 'K', [2], 'e'), [1, 2]],
    ['a dictionary', pickle('}(K', [1], 'K', [2], 'u'), new Map([[1, 2]])],
    ['one value twice', pickle(']q', [0], 'h', [0], [0x86]), [[], []]],
    [
      'an ordered dictionary',
      pickle('ccollections\nOrderedDict\n)R(K', [1], 'Nu'),
      new Map([[1, null]]),
    ],
  ])('reads %s', (_, bytes, value) => {
    expect(read(bytes)).toEqual(value);
  });

  it('survives a list that holds itself', () => {
    const list = read(pickle(']q', [0], 'h', [0], 'a')) as Pickled[];
    expect(list[0]).toBe(list);
  });

  it.each([
    ['os.system', pickle('cos\nsystem\n', 'X', u32(2), 'id', [0x85], 'R')],
    ['posix.system', pickle('cposix\nsystem\n', 'X', u32(2), 'id', [0x85], 'R')],
    ['builtins.eval', pickle('cbuiltins\neval\n', 'X', u32(1), '1', [0x85], 'R')],
    ['subprocess.Popen', pickle(...text('subprocess'), ...text('Popen'), [0x93])],
    ['torch.load', pickle('ctorch\nload\n')],
    ['numpy.load', pickle('cnumpy\nload\n')],
    ['torch.__dict__', pickle('ctorch\n__dict__\n')],
    ['constructor', pickle('c\nconstructor\n')],
    ['INST', pickle('(ios\nsystem\n')],
    ['OBJ', pickle('(cos\nsystem\no')],
    ['opcode OBJ', pickle('(K', [1], 'o')],
    ['NEWOBJ_EX', pickle('NNN', [0x92])],
    ['extension registry', pickle([0x82, 1])],
    ['persistent id as text', pickle('Pstorage\n')],
    ['opcode 0xff', pickle([0xff])],
  ])('refuses %s by name and runs nothing', (named, bytes) => {
    const message = refusal(bytes);
    expect(message).toMatch(/^torch\.refused: weights\.pth holds /);
    if (!['INST', 'OBJ'].includes(named)) expect(message).toContain(named);
  });

  it('refuses calls of what is no function', () => {
    expect(refusal(pickle('ctorch\nFloatStorage\n)R'))).toContain('a call of a storageType');
    expect(refusal(pickle('K', [1], ')R'))).toContain('torch.malformed');
  });

  it.each([
    ['ends early', pickle('K').subarray(0, 3)],
    ['text longer than the file', pickle('X', u32(1_000_000_000), 'a')],
    ['text of 2^63 bytes', pickle([0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80], 'a')],
    ['an integer of 200 bytes', pickle([0x8a, 200], 'a'.repeat(200))],
    ['an empty stack', pickle('0')],
    ['a list without a beginning', pickle('t')],
    ['items for a number', pickle('K', [1], '(K', [2], 'e')],
    ['a key without a value', pickle('}(K', [2], 'u')],
    ['a reference to nothing', pickle('h', [9])],
    ['protocol 0', Uint8Array.from([0x80, 0, 0x4e, 0x2e])],
    ['a million marks', pickle('('.repeat(2_000_001))],
  ])('says what is wrong with %s', (_, bytes) => {
    expect(refusal(bytes)).toMatch(
      /^torch\.malformed: weights\.pth is not a complete PyTorch file/,
    );
  });
});

describe('tensors of a pickle', () => {
  it('are views of a storage', () => {
    expect(read(tensor(6, 1, [2, 2], [3, 1]))).toMatchObject({ kind: 'tensor', shape: [2, 2] });
  });

  it.each([
    ['an offset behind the storage', tensor(6, 6, [1], [1])],
    ['a shape beyond the storage', tensor(6, 0, [7], [1])],
    ['strides beyond the storage', tensor(6, 0, [2, 2], [5, 1])],
    ['a billion elements of one', tensor(1, 0, [1_000_000_000], [0])],
    ['shape and strides of two lengths', tensor(6, 0, [2, 2], [1])],
    ['a negative stride', tensor(6, 5, [2], [-1])],
    ['seventeen dimensions', tensor(6, 0, new Array(17).fill(1), new Array(17).fill(0))],
    ['a storage of another kind', pickle('(', ...text('module'), 'tQ')],
    ['a storage of an unknown type', pickle('(', ...text('storage'), 'NNNNtQ')],
  ])('are refused with %s', (_, bytes) => {
    expect(refusal(bytes)).toMatch(/^torch\.malformed/);
  });
});
