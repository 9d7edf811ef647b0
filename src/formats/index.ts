/** File formats: reading, writing, and writing safely. */
export {
  type AtomicOptions,
  type FileOperations,
  type FileSink,
  isTemporaryName,
  makeFolder,
  makeFolderSync,
  removeTemporaries,
  writeFailure,
  writeFileAtomic,
  writeFileStreamed,
} from './atomicFile.ts';
export { type CsvValue, csvChunks, csvField, csvRow, decodeCsv, encodeCsv } from './csv.ts';
export {
  bytesOf,
  dtypes,
  elementCount,
  type StoredData,
  type StoredDType,
  type StoredTensor,
} from './dtypes.ts';
export { decodeNpy, encodeNpy, type NpyArray } from './npy.ts';
export { type EmbeddingTable, encodeParquet, type ParquetOptions } from './parquet.ts';
export {
  type DecodedSafetensors,
  decodeSafetensors,
  encodeSafetensors,
  type Metadata,
  safetensorsChunks,
  type Tensors,
} from './safetensors.ts';
