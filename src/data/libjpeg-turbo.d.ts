declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  export interface JpegDecoder {
    /** Room for so many bytes of a file. */
    getEncodedBuffer(length: number): Uint8Array;
    /** Throws a number where the file is damaged, or ends too early. */
    decode(): void;
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
    /** A view that is valid until the next call. */
    getDecodedBuffer(): Uint8Array;
  }
  export default function createCodec(): Promise<{ JPEGDecoder: new () => JpegDecoder }>;
}
