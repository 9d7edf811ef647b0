/** Version of the runtime that executes graphs. Timings of kernels hold for one version only. */
import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
  version: string;
};

/** For example `onnxruntime-node 1.30.0`. */
export const runtimeVersion = `onnxruntime-node ${version}`;
