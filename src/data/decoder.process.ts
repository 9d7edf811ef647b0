/** Program of the decoding process. A decoder that crashes ends this process, not its parent. */
import { decodeImage, imageSize } from './decode.ts';
import { serveDecoder } from './decoderServer.ts';
import { sampleValues } from './deepSample.ts';

serveDecoder({ decode: decodeImage, measure: imageSize, sample: sampleValues });
