/** Learning gates on textures, of all methods but the one of `gate.test.ts`. */
import { testTextureGates, textureGates } from './textureGates.cases.ts';

await testTextureGates(textureGates.filter(({ method }) => method !== 'swav'));
