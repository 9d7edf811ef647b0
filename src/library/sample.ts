/** The bundled sample data set. */
import { fileURLToPath } from 'node:url';

/** Path of 5,000 labeled images of Fashion-MNIST that come with likeness. */
export const samplePath = fileURLToPath(new URL('../../sample', import.meta.url));
