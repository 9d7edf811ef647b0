/** File formats: reading, writing, and writing safely. */
export {
  type AtomicOptions,
  type FileOperations,
  type FileSink,
  isTemporaryName,
  makeFolder,
  makeFolderSync,
  removeAbandoned,
  removeTemporaries,
  requireReplaceable,
  reserveTemporary,
  writeFailure,
  writeFileAtomic,
  writeFileStreamed,
} from './atomicFile.ts';
export {
  type CsvValue,
  csvChunks,
  csvField,
  csvPath,
  csvRow,
  csvText,
  decodeCsv,
  encodeCsv,
  pathOfCsv,
  utf8Text,
} from './csv.ts';
export {
  bytesOf,
  dtypes,
  elementCount,
  type StoredData,
  type StoredDType,
  type StoredTensor,
} from './dtypes.ts';
export { isPathText, pathOfText, textOfName } from './fileNames.ts';
export { decodeNpy, encodeNpy, type NpyArray, npyStream } from './npy.ts';
export { inlineOnnxWeights, type OnnxExternalData } from './onnx/inlineWeights.ts';
export type { OnnxKind, OnnxTensor } from './onnx/onnxTensor.ts';
export {
  type OnnxAttributeValue,
  type OnnxModel,
  type OnnxModelNode,
  type OnnxPort,
  readOnnx,
} from './onnx/readOnnx.ts';
export { widenOnnx } from './onnx/widenFloats.ts';
export { withOnnxOutputs } from './onnx/withOutputs.ts';
export {
  type EmbeddingTable,
  encodeParquet,
  type ParquetOptions,
  parquetStream,
} from './parquet.ts';
export { type ProjectorTable, writeProjector } from './projector.ts';
export { fieldsOf, type ProtobufField, varintsOf } from './protobuf.ts';
export {
  irregularKind,
  openRegular,
  openRegularSync,
  READ_FLAGS,
  readRegular,
  readRegularSync,
  readRegularText,
  requireRegular,
  WRITE_FLAGS,
} from './regularFile.ts';
export {
  type DecodedSafetensors,
  decodeSafetensors,
  encodeSafetensors,
  type Metadata,
  type StreamedTensor,
  safetensorsChunks,
  safetensorsStream,
  type Tensors,
} from './safetensors.ts';
export {
  type FiledTensor,
  openSafetensors,
  readSafetensorsBytes,
  type SafetensorsFile,
} from './safetensorsFile.ts';
export { openScratchFile, type ScratchFile } from './scratchFile.ts';
export { openTorchFile, type TorchFile, type TorchWeight } from './torch/torchFile.ts';
