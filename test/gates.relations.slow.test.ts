/** Learning gates on textures, of the methods that train cluster heads by relations of images. */
import { relationGates, testTextureGates } from './textureGates.cases.ts';

await testTextureGates(relationGates);
