/** Further names of an output of an ONNX model. */
import { encodeOnnx, Writer } from '../../compile/index.ts';
import { fieldsOf } from '../../formats/index.ts';

const GRAPH = 7;
const GRAPH_NAME = 2;

/**
 * The bytes of a model whose output has further names, each of which is an output of its own.
 *
 * @param shape of the output; names are free extents
 */
export function withOutputAliases(
  bytes: Uint8Array,
  {
    output,
    shape,
    names,
  }: { output: string; shape: readonly (number | string)[]; names: readonly string[] },
): Uint8Array {
  const added = encodeOnnx({
    ...{ name: '', constants: [], inputs: [] },
    nodes: names.map((name) => ({
      ...{ type: 'Identity', inputs: [output], outputs: [name], attributes: {}, domain: '' },
    })),
    outputs: names.map((name) => ({ name, shape, dtype: 'float32' })),
  });
  const graph = [...fieldsOf(added)].find(({ field }) => field === GRAPH)!.value!;
  const own = [...fieldsOf(graph)].filter(({ field }) => field !== GRAPH_NAME);
  const writer = new Writer();
  for (const { field, value, encoded } of fieldsOf(bytes)) {
    if (field !== GRAPH || !value) writer.fields(encoded);
    else {
      const joined = new Writer().fields(value);
      for (const part of own) joined.fields(part.encoded);
      writer.raw(GRAPH, joined.finish());
    }
  }
  return writer.finish();
}
