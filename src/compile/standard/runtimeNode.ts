/** The rule of nodes that come from a foreign graph as they are. */
import { runtimeNodeOf } from '../../tensor/index.ts';
import type { Rule } from '../emitter.ts';
import { onnxTypes } from '../onnx.ts';

const MAX_INT64 = 2n ** 63n - 1n;

/** The nearest whole number of 64 bits: exporters write the largest for the end of an axis. */
function toInt64(value: number): bigint {
  const whole = BigInt(value);
  return whole > MAX_INT64 ? MAX_INT64 : whole < -MAX_INT64 ? -MAX_INT64 : whole;
}

/** Writes the node; tensors of int32 are int64 in it, as indices of ONNX are. */
export const lowerRuntimeNode: Rule = (emit, node, names) => {
  const { type, domain, attributes, operands, outputs } = runtimeNodeOf(node.attributes);
  const inputs = operands.map((operand) => {
    if (operand === null) return '';
    if (typeof operand === 'object') {
      const data = BigInt64Array.from(operand.integers, toInt64);
      return emit.constant(data, operand.shape, onnxTypes.int64);
    }
    const isIndices = node.inputs[operand]!.dtype === 'int32';
    return isIndices
      ? emit.add('Cast', [names[operand]!], { to: onnxTypes.int64 })
      : names[operand]!;
  });
  const made = emit.addMany(type, inputs, attributes, { outputs: outputs.length, domain });
  return made.map((name, i) =>
    outputs[i]!.dtype === 'int32' ? emit.add('Cast', [name], { to: onnxTypes.int32 }) : name,
  );
};
