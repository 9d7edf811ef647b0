/** Learning gates on textures, of the contrastive methods and those with prototypes. */
import { testTextureGates, textureGates } from './textureGates.cases.ts';

await testTextureGates(textureGates);
