/** Runs of ONNX Runtime with inputs in shared memory, on every supported version of Node. */
import type * as ort from 'onnxruntime-node';

type Tensors = Readonly<Record<string, ort.Tensor>>;
type Fetches = Readonly<Record<string, ort.Tensor | null>>;

/** Part of a session that a run needs. */
export interface TensorSession {
  run(feeds: Tensors, fetches: Fetches): Promise<Tensors>;
}

const isShared = ({ data }: ort.Tensor) =>
  (data as Float32Array).buffer instanceof SharedArrayBuffer;

/** Copies tensors in shared memory into memory of their own. */
function unshared(feeds: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      if (!isShared(tensor)) return [name, tensor];
      const { type, data, dims } = tensor;
      const Constructor = tensor.constructor as typeof ort.Tensor;
      return [name, new Constructor(type as 'float32', (data as Float32Array).slice(), dims)];
    }),
  );
}

/**
 * Returns a function that runs sessions.
 *
 * Node 22.12 and 24.0 refuse tensors in shared memory with "Invalid argument"; later versions take
 * them. After the first refusal the function copies such inputs.
 */
export function createSharedRunner(): (
  session: TensorSession,
  feeds: Tensors,
  fetches: Fetches,
) => Promise<Tensors> {
  let copies = false;
  return async (session, feeds, fetches) => {
    if (copies) return session.run(unshared(feeds), fetches);
    try {
      return await session.run(feeds, fetches);
    } catch (error) {
      if (!Object.values(feeds).some(isShared)) throw error;
      const results = await session.run(unshared(feeds), fetches);
      copies = true;
      return results;
    }
  };
}
