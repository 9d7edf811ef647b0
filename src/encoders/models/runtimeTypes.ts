/** Types of what the operators make that only ONNX Runtime knows, found by running the model. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { type OnnxModel, withOnnxOutputs } from '../../formats/index.ts';
import type { ImportedNetwork } from '../../nn/index.ts';
import { untrainableNodes } from '../../nn/index.ts';
import type { TensorType } from '../../tensor/index.ts';

/** Types of tensors by those of ONNX Runtime. Indices are int32 here. */
const dtypes: Readonly<Record<string, TensorType['dtype']>> = {
  float32: 'float32',
  int64: 'int32',
  int32: 'int32',
  bool: 'bool',
};

/** Two batches, which tell the axes that grow with the batch, and by how much. */
const BATCHES = [2, 3] as const;

interface Seen {
  readonly type: string;
  /** Shapes at each of the batches. */
  readonly shapes: readonly (readonly number[])[];
}

/**
 * Finds the types of all outputs of operators that cannot be trained, for images of some sides.
 * Without such operators the model is not run, and undefined is returned.
 *
 * @param sides in pixels
 * @throws LikenessError `graph.operator` where the model cannot run on such images
 */
export async function runtimeTypesOf(
  bytes: Uint8Array,
  { model, output, sides }: { model: OnnxModel; output: string; sides: readonly number[] },
): Promise<ImportedNetwork['runtimeTypes'] | undefined> {
  const [input] = model.inputs;
  if (!input) return undefined;
  const nodes = untrainableNodes(model, { input: input.name, output });
  const own = new Set(model.outputs.map(({ name }) => name));
  const names = [...new Set(nodes.flatMap(({ outputs }) => outputs))].filter((name) => name !== '');
  if (names.length === 0) return undefined;
  const whole = withOnnxOutputs(
    bytes,
    names.filter((name) => !own.has(name)),
  );
  const isLast = input.shape?.[1] !== 3 && input.shape?.[3] === 3;
  const seen = new Map<number, Map<string, Seen>>();
  try {
    const session = await InferenceSession.create(whole, {
      ...{ logSeverityLevel: 3, intraOpNumThreads: 1 },
    });
    try {
      for (const side of new Set(sides)) {
        const found = new Map<string, { type: string; shapes: (readonly number[])[] }>();
        for (const batch of BATCHES) {
          const shape = isLast ? [batch, side, side, 3] : [batch, 3, side, side];
          const pixels = Float32Array.from({ length: batch * 3 * side ** 2 }, (_, i) =>
            Math.sin(1.7 * i),
          );
          const made = await session.run(
            { [input.name]: new OrtTensor('float32', pixels, shape) },
            names,
            // Errors are thrown, and need no log beside that.
            { logSeverityLevel: 4 },
          );
          for (const name of names) {
            const { type, dims } = made[name]!;
            const before = found.get(name) ?? { type, shapes: [] };
            before.shapes.push(dims);
            found.set(name, before);
          }
        }
        seen.set(side, found);
      }
    } finally {
      await session.release();
    }
  } catch (error) {
    const listed = nodes.map(({ type }) => type).join(', ');
    throw new LikenessError(
      'graph.operator',
      `model: ${listed} cannot be trained, and the model cannot run on images of ` +
        `${[...new Set(sides)].join(', ')} px to tell their types: ` +
        `${reasonOf(error).split('\n')[0]}`,
      { cause: error },
    );
  }
  return (batch, side) => (name) => typeOf(seen.get(side)?.get(name), batch);
}

/** The type for a batch, each extent of which is `a + b · batch`. */
function typeOf(seen: Seen | undefined, batch: number): TensorType | undefined {
  const dtype = seen && dtypes[seen.type];
  if (!dtype) return undefined;
  const [first, second] = seen.shapes as [readonly number[], readonly number[]];
  if (first.length !== second.length) return undefined;
  const shape = first.map((extent, axis) => {
    const perImage = second[axis]! - extent;
    return extent + (batch - BATCHES[0]) * perImage;
  });
  return shape.every((extent) => extent >= 0) ? { shape, dtype } : undefined;
}
