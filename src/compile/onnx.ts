/**
 * Writing ONNX models: the few protobuf messages that a graph needs, encoded by hand.
 *
 * Field numbers are from onnx.proto3 (IR version 9). Writing needs only three wire types: varint, 4
 * bytes, and length-delimited.
 */
import type { DType, TensorData } from '../tensor/index.ts';

export const OPSET = 18;
const IR_VERSION = 9;

/** TensorProto.DataType */
export const onnxTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
} as const;

export type OnnxAttribute =
  | number
  | { float: number }
  | { ints: readonly number[] }
  | { floats: readonly number[] }
  | string;

export interface OnnxNode {
  type: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, OnnxAttribute>>;
  domain: string;
}

export interface OnnxConstant {
  name: string;
  shape: readonly number[];
  /** Numbers of the type, as bits where JavaScript has no array of it. */
  data: TensorData | BigInt64Array | Int8Array | Uint16Array;
  type: number;
}

/**
 * An extent is a number, or a name where it is free (a dynamic batch); without a shape, values of
 * any shape are taken.
 */
export interface OnnxValue {
  name: string;
  shape?: readonly (number | string)[];
  dtype: DType;
}

export interface OnnxGraph {
  name: string;
  nodes: readonly OnnxNode[];
  constants: readonly OnnxConstant[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  /** Written into the model's metadata, as pairs of text. */
  metadata?: Readonly<Record<string, string>>;
}

/** Grows a byte array; nested messages are written to their own and copied in with their length. */
export class Writer {
  private bytes = new Uint8Array(1024);
  private length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  private varint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    this.reserve(10);
    while (rest >= 0x80n) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  integer(field: number, value: number): this {
    this.varint(field << 3);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.varint((field << 3) | 5);
    this.reserve(4);
    new DataView(this.bytes.buffer).setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  raw(field: number, value: Uint8Array): this {
    this.varint((field << 3) | 2);
    this.varint(value.length);
    return this.fields(value);
  }

  /** Copies fields that are encoded already. */
  fields(value: Uint8Array): this {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
    return this;
  }

  text(field: number, value: string): this {
    return this.raw(field, new TextEncoder().encode(value));
  }

  message(field: number, write: (writer: Writer) => void): this {
    const inner = new Writer();
    write(inner);
    return this.raw(field, inner.finish());
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

function writeAttribute(writer: Writer, name: string, value: OnnxAttribute): void {
  writer.text(1, name);
  if (typeof value === 'number') writer.integer(3, value).integer(20, 2);
  else if (typeof value === 'string') writer.text(4, value).integer(20, 3);
  else if ('float' in value) writer.float(2, value.float).integer(20, 1);
  else if ('floats' in value) {
    for (const item of value.floats) writer.float(7, item);
    writer.integer(20, 6);
  } else {
    for (const item of value.ints) writer.integer(8, item);
    writer.integer(20, 7);
  }
}

function writeValue(writer: Writer, { name, shape, dtype }: OnnxValue): void {
  writer.text(1, name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, onnxTypes[dtype]);
      if (!shape) return;
      tensor.message(2, (dims) => {
        for (const extent of shape) {
          dims.message(1, (dim) =>
            typeof extent === 'number' ? dim.integer(1, extent) : dim.text(2, extent),
          );
        }
      });
    }),
  );
}

function writeConstant(writer: Writer, { name, shape, data, type }: OnnxConstant): void {
  for (const extent of shape) writer.integer(1, extent);
  writer
    .integer(2, type)
    .text(8, name)
    .raw(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** The bytes of an ONNX model that holds one graph. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  const domains = [...new Set(graph.nodes.map((node) => node.domain))].filter(
    (domain) => domain !== '',
  );
  const model = new Writer().integer(1, IR_VERSION).text(2, 'likeness');
  model.message(7, (writer) => {
    for (const node of graph.nodes) {
      writer.message(1, (message) => {
        for (const name of node.inputs) message.text(1, name);
        for (const name of node.outputs) message.text(2, name);
        message.text(3, node.outputs[0] ?? node.type).text(4, node.type);
        for (const [name, value] of Object.entries(node.attributes)) {
          message.message(5, (attribute) => writeAttribute(attribute, name, value));
        }
        if (node.domain !== '') message.text(7, node.domain);
      });
    }
    writer.text(2, graph.name);
    for (const constant of graph.constants)
      writer.message(5, (message) => writeConstant(message, constant));
    for (const value of graph.inputs) writer.message(11, (message) => writeValue(message, value));
    for (const value of graph.outputs) writer.message(12, (message) => writeValue(message, value));
  });
  model.message(8, (set) => set.text(1, '').integer(2, OPSET));
  for (const domain of domains) model.message(8, (set) => set.text(1, domain).integer(2, 1));
  for (const [key, value] of Object.entries(graph.metadata ?? {})) {
    model.message(14, (entry) => entry.text(1, key).text(2, value));
  }
  return model.finish();
}
