/** Learning gates on textures, of all methods that train a network. */
import { testTextureGates, textureGates } from './textureGates.cases.ts';

await testTextureGates(textureGates);
