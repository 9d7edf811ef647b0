declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  export interface JpegDecoder {
    /** Buffer for the bytes of a file, of this length. */
    getEncodedBuffer(length: number): Uint8Array;
    /**
     * Reads the size of the image, without decoding it. Throws a number where there is no header.
     */
    readHeader(): void;
    /** Throws a number where the file is damaged, or ends too early. */
    decode(): void;
    getFrameInfo(): {
      width: number;
      height: number;
      bitsPerSample: number;
      componentCount: number;
    };
    /** View that is valid until the next call. */
    getDecodedBuffer(): Uint8Array;
  }
  export default function createCodec(): Promise<{ JPEGDecoder: new () => JpegDecoder }>;
}
