/** Exporting a run's encoder as ONNX. */
import { dirname } from 'node:path';
import { featuresOf, normalizeRows } from '../cluster/index.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { assignFeatures, type Precision, precisions } from '../encoders/index.ts';
import { makeFolder, requireReplaceable } from '../formats/index.ts';
import type { Run } from '../run/index.ts';
import { COMPARED, imagesToCompare } from './exportImages.ts';
import { clusterMetadata, clusterNames, modelFileOf, ownClusters } from './exportParts.ts';
import { reporterFor } from './images.ts';
import { checkOptions, oneOf, path } from './options.ts';
import { withEncoder } from './runEncoder.ts';
import { type ExportedOnnx, type ExportPlan, writeOnnx } from './writeOnnx.ts';

export interface ExportOnnxOptions extends ReporterOptions {
  /**
   * Storage of the weights: `fp32` (default), `fp16` for half the size, `int8` for a quarter.
   * Inputs and outputs are float32 in all of them.
   */
  precision?: Precision;
  /** Clustering of the output `clusters`. Default: that of the run's own images. */
  clustering?: string;
}

export const onnxShape = { precision: oneOf(precisions), clustering: path() };

/**
 * Exports the encoder as ONNX and compares it with the training engine.
 *
 * The second output has the probabilities of the run's clusters, if it has any. With fewer bits per
 * weight the features of images of the run are compared, and the loss is stored in the file.
 *
 * @throws LikenessError `export.differs` where the two differ; nothing is written then.
 */
export async function exportOnnx(
  run: Run,
  file: string,
  options: ExportOnnxOptions = {},
): Promise<ExportedOnnx> {
  checkOptions(onnxShape, options);
  await makeFolder(dirname(file));
  await requireReplaceable(file);
  const plan = await planExport(run, options);
  return writeOnnx(run, file, { ...plan, precision: options.precision ?? 'fp32' });
}

/** Builds the model, and computes what it must return for images of the run. */
export async function planExport(run: Run, options: ExportOnnxOptions): Promise<ExportPlan> {
  const reporter = reporterFor(options);
  const report = (text: string) => reporter.progress({ stage: 'export', text });
  report('building the ONNX model');
  const own = await ownClusters(run, options.clustering, reporter);
  report('reading images to compare on');
  const images = await imagesToCompare(run, reporter);
  const names = own ? clusterNames(own, images.classOf) : [];
  const model = modelFileOf(run, {
    ...(own && { clusters: own.graph, metadata: clusterMetadata(own, names) }),
  });
  report('embedding the images with the training engine');
  const expected = await withEncoder(run, { batchSize: COMPARED }, async (encoder, engine) => {
    const raw = featuresOf(await encoder.embedViews(images.pixels), model.dimension); // [3, D]
    const clusters = own && (await assignFeatures(engine, encoder, own.clusters, raw));
    return { expected: normalizeRows(raw).data, ...(clusters && { clusters }) };
  });
  return { reporter, ...(own && { own }), names, images, expected, model };
}
