/**
 * Reads pickles of PyTorch files without running anything.
 *
 * A pickle is a program for a stack machine, and Python's own reader calls whatever functions it
 * names. This reader has the machine without the calls: it builds numbers, texts, lists and
 * dictionaries, and asks the caller about every name and every stored array. A name that the caller
 * does not know ends the reading.
 *
 * Opcodes: those that `pickle` of Python 2.7 and 3 writes in protocols 2 to 5 for such values, as
 * listed in Python's `pickletools`. Others are refused by number.
 */
import { LikenessError } from '../../core/errors.ts';

/** A value of a pickle. Dictionaries are maps, tuples are arrays. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Pickled[]
  | ReadonlyMap<Pickled, Pickled>
  | PickledObject;

/** A value that the caller builds for a name, a call or a stored array. */
export interface PickledObject {
  readonly kind: string;
}

/** Decides on names, calls and stored arrays. */
export interface PickleRules {
  /** Builds the value of a name such as `collections.OrderedDict`, or returns `undefined`. */
  global(name: string): PickledObject | undefined;
  /** Builds the result of calling what `global` returned. */
  call(callee: PickledObject, args: readonly Pickled[]): Pickled;
  /** Builds the value of a persistent id, by which PyTorch refers to arrays outside the pickle. */
  persistent(id: Pickled): Pickled;
}

export interface PickleOptions extends PickleRules {
  /** Name of the file in messages. */
  name: string;
  /** First byte of the pickle. Default: 0. */
  start?: number;
}

/** Mark on the stack, below the items of a list, tuple or dictionary. */
const MARK = Symbol('mark');
type Slot = Pickled | typeof MARK;

/**
 * Most operations of a pickle, which bounds its memory. A ResNet-50 with its optimizer needs some
 * ten thousand.
 */
const MAX_OPERATIONS = 2_000_000;

/** Longest integer, in bytes. The magic number of old PyTorch files has ten. */
const MAX_INTEGER_BYTES = 16;

/**
 * Reads one pickle.
 *
 * Work and memory grow with the length of the pickle alone, up to two million operations: no opcode
 * repeats anything, and a value that is referred to many times exists once.
 *
 * @returns the value, and the position behind the pickle
 * @throws LikenessError `torch.malformed` for what is no complete pickle; `torch.refused` for a
 * name that the rules do not know and for opcodes that call functions by other ways
 */
export function readPickle(
  bytes: Uint8Array,
  { name, start = 0, ...rules }: PickleOptions,
): { value: Pickled; end: number } {
  const input = reader(bytes, name, start);
  const machine = createMachine(name, rules);
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const at = input.position();
    const opcode = input.byte();
    if (opcode === 0x2e) return { value: machine.result(), end: input.position() }; // STOP
    const operation = operations[opcode];
    if (!operation) {
      const why = REFUSED[opcode] ?? `opcode ${hex(opcode)} at byte ${at}, which it does not read`;
      throw refused(name, why);
    }
    operation(machine, input);
  }
  throw malformed(name, `more than ${MAX_OPERATIONS.toLocaleString('en-US')} operations`);
}

type Reader = ReturnType<typeof reader>;

/** Reads numbers and texts one after the other, and ends at the end of the bytes. */
function reader(bytes: Uint8Array, name: string, start: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  /** Position before `count` bytes that are read. */
  const take = (count: number): number => {
    if (count > bytes.length - at) throw malformed(name, `it ends within a value at byte ${at}`);
    at += count;
    return at - count;
  };
  const slice = (count: number) => {
    const from = take(count);
    return bytes.subarray(from, from + count);
  };
  const long = () => {
    const value = view.getBigUint64(take(8), true);
    return value > BigInt(bytes.length) ? bytes.length + 1 : Number(value);
  };
  return {
    position: () => at,
    byte: () => view.getUint8(take(1)),
    uint16: () => view.getUint16(take(2), true),
    int32: () => view.getInt32(take(4), true),
    uint32: () => view.getUint32(take(4), true),
    /** Length of 8 bytes; one that no file has becomes one that this file has not. */
    uint64: long,
    /** Big-endian, as BINFLOAT is. */
    float64: () => view.getFloat64(take(8), false),
    slice,
    utf8: (count: number) => decoded(utf8, slice(count)),
    latin1: (count: number) => decoded(latin1, slice(count)),
    /** Text up to the end of the line, as the arguments of GLOBAL are. */
    line() {
      const end = bytes.indexOf(0x0a, at);
      if (end === -1) throw malformed(name, `a name at byte ${at} has no end`);
      const text = decoded(utf8, slice(end - at));
      at++;
      return text;
    },
    /** Integer of `count` bytes, little-endian, in two's complement. */
    integer(count: number): number | bigint {
      if (count > MAX_INTEGER_BYTES) {
        throw malformed(name, `an integer of ${count} bytes at byte ${at}`);
      }
      let value = 0n;
      const part = slice(count);
      for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(part[i]!);
      if (count > 0 && part[count - 1]! >= 0x80) value -= 1n << BigInt(8 * count);
      const small = Number(value);
      return Number.isSafeInteger(small) ? small : value;
    },
    fail: (reason: string) => malformed(name, reason),
  };
}

const utf8 = new TextDecoder('utf-8');
const latin1 = new TextDecoder('latin1');

function decoded(decoder: typeof utf8, bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

type Machine = ReturnType<typeof createMachine>;

/** Creates the stack and the memo, with the rules that build objects. */
function createMachine(name: string, rules: PickleRules) {
  const stack: Slot[] = [];
  const memo = new Map<number, Slot>();
  const pop = (): Pickled => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw malformed(name, 'its stack is empty');
    return value;
  };
  const top = (): Pickled => {
    const value = stack.at(-1);
    if (value === undefined || value === MARK) throw malformed(name, 'its stack is empty');
    return value;
  };
  return {
    name,
    rules,
    memo,
    push: (value: Pickled) => void stack.push(value),
    mark: () => void stack.push(MARK),
    pop,
    top,
    /** Removes the items above the last mark, and the mark. */
    toMark(): Pickled[] {
      const at = stack.lastIndexOf(MARK);
      if (at === -1) throw malformed(name, 'a list without a beginning');
      const items = stack.splice(at).slice(1) as Pickled[];
      return items;
    },
    /** The list or dictionary on top, which this pickle built itself. */
    list(): Pickled[] {
      const value = top();
      if (!Array.isArray(value)) throw malformed(name, 'items for what is no list');
      return value;
    },
    map(): Map<Pickled, Pickled> {
      const value = top();
      if (!(value instanceof Map)) throw malformed(name, 'entries for what is no dictionary');
      return value;
    },
    remember: (index: number) => void memo.set(index, top()),
    recall(index: number) {
      const value = memo.get(index);
      if (value === undefined) throw malformed(name, `a reference ${index} to nothing`);
      stack.push(value);
    },
    global(text: string) {
      const value = rules.global(text);
      if (!value) throw refused(name, `a reference to ${printable(text)}`);
      stack.push(value);
    },
    reduce() {
      const args = pop();
      const callee = pop();
      if (!Array.isArray(args) || !isObject(callee)) {
        throw malformed(name, 'a call of what is no function');
      }
      stack.push(rules.call(callee, args));
    },
    result: pop,
  };
}

function isObject(value: Pickled): value is PickledObject {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function setItems(map: Map<Pickled, Pickled>, items: readonly Pickled[], fail: Reader['fail']) {
  if (items.length % 2 !== 0) throw fail('a key without a value');
  for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
}

/** Pops a tuple of `count` values. */
function tuple(machine: Machine, count: number): void {
  const values: Pickled[] = [];
  for (let i = 0; i < count; i++) values.unshift(machine.pop());
  machine.push(values);
}

type Operation = (machine: Machine, input: Reader) => void;

/** Operations by opcode, with the names of `pickletools`. */
const operations: Readonly<Record<number, Operation>> = {
  128: (_, input) => checkProtocol(input), // PROTO
  149: (_, input) => void input.uint64(), // FRAME
  40: (machine) => machine.mark(), // MARK
  48: (machine) => void machine.pop(), // POP
  49: (machine) => void machine.toMark(), // POP_MARK
  78: (machine) => machine.push(null), // NONE
  136: (machine) => machine.push(true), // NEWTRUE
  137: (machine) => machine.push(false), // NEWFALSE
  74: (machine, input) => machine.push(input.int32()), // BININT
  75: (machine, input) => machine.push(input.byte()), // BININT1
  77: (machine, input) => machine.push(input.uint16()), // BININT2
  138: (machine, input) => machine.push(input.integer(input.byte())), // LONG1
  71: (machine, input) => machine.push(input.float64()), // BINFLOAT
  88: (machine, input) => machine.push(input.utf8(input.uint32())), // BINUNICODE
  140: (machine, input) => machine.push(input.utf8(input.byte())), // SHORT_BINUNICODE
  141: (machine, input) => machine.push(input.utf8(input.uint64())), // BINUNICODE8
  84: (machine, input) => machine.push(input.latin1(input.uint32())), // BINSTRING
  85: (machine, input) => machine.push(input.latin1(input.byte())), // SHORT_BINSTRING
  66: (machine, input) => machine.push(input.slice(input.uint32())), // BINBYTES
  67: (machine, input) => machine.push(input.slice(input.byte())), // SHORT_BINBYTES
  142: (machine, input) => machine.push(input.slice(input.uint64())), // BINBYTES8
  41: (machine) => machine.push([]), // EMPTY_TUPLE
  133: (machine) => tuple(machine, 1), // TUPLE1
  134: (machine) => tuple(machine, 2), // TUPLE2
  135: (machine) => tuple(machine, 3), // TUPLE3
  116: (machine) => machine.push(machine.toMark()), // TUPLE
  93: (machine) => machine.push([]), // EMPTY_LIST
  108: (machine) => machine.push(machine.toMark()), // LIST
  // A value is taken off before the list below it is looked at.
  97: (machine) => {
    const value = machine.pop();
    machine.list().push(value);
  }, // APPEND
  101: (machine) => {
    const items = machine.toMark();
    const list = machine.list();
    for (const item of items) list.push(item);
  }, // APPENDS
  125: (machine) => machine.push(new Map()), // EMPTY_DICT
  100: (machine, input) => {
    const map = new Map<Pickled, Pickled>();
    setItems(map, machine.toMark(), input.fail);
    machine.push(map);
  }, // DICT
  115: (machine) => {
    const value = machine.pop();
    const key = machine.pop();
    machine.map().set(key, value);
  }, // SETITEM
  117: (machine, input) => {
    const items = machine.toMark();
    setItems(machine.map(), items, input.fail);
  }, // SETITEMS
  113: (machine, input) => machine.remember(input.byte()), // BINPUT
  114: (machine, input) => machine.remember(input.uint32()), // LONG_BINPUT
  148: (machine) => machine.remember(machine.memo.size), // MEMOIZE
  104: (machine, input) => machine.recall(input.byte()), // BINGET
  106: (machine, input) => machine.recall(input.uint32()), // LONG_BINGET
  99: (machine, input) => machine.global(`${input.line()}.${input.line()}`), // GLOBAL
  147: (machine, input) => {
    const own = machine.pop();
    const module = machine.pop();
    if (typeof own !== 'string' || typeof module !== 'string') {
      throw input.fail('a name that is no text');
    }
    machine.global(`${module}.${own}`);
  }, // STACK_GLOBAL
  82: (machine) => machine.reduce(), // REDUCE
  129: (machine) => machine.reduce(), // NEWOBJ
  98: (machine) => void machine.pop(), // BUILD: attributes, which nothing here needs
  81: (machine) => machine.push(machine.rules.persistent(machine.pop())), // BINPERSID
};

/** Opcodes that load or call by other ways than a name. */
const REFUSED: Readonly<Record<number, string>> = {
  105: 'an object made by the opcode INST',
  111: 'an object made by the opcode OBJ',
  146: 'an object made by the opcode NEWOBJ_EX',
  130: 'an object of the extension registry',
  131: 'an object of the extension registry',
  132: 'an object of the extension registry',
  80: 'a persistent id as text',
};

function checkProtocol(input: Reader): void {
  const protocol = input.byte();
  if (protocol < 2 || protocol > 5) {
    throw input.fail(`pickle protocol ${protocol}; expected 2 to 5`);
  }
}

const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;

/** A name of a file, shortened and without control characters. */
export function printable(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return plain.length > 80 ? `${plain.slice(0, 77)}...` : plain;
}

export function malformed(name: string, reason: string): LikenessError {
  // Reasons of other libraries may end as sentences.
  const stated = reason.replace(/\.+$/, '');
  return new LikenessError(
    'torch.malformed',
    `${name} is not a complete PyTorch file: ${stated}. It may be cut off or damaged; use another ` +
      'copy.',
  );
}

export function refused(name: string, what: string): LikenessError {
  return new LikenessError(
    'torch.refused',
    `${name} holds ${what}. likeness reads tensors and plain containers only, and runs nothing ` +
      'that a file names. Save the weights alone in PyTorch: torch.save(model.state_dict(), file).',
  );
}
