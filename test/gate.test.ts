/**
 * The learning gate of SwAV on textures, among the fast tests. `gates.slow.test.ts` has the other
 * methods.
 */
import { testTextureGates, textureGates } from './textureGates.cases.ts';

await testTextureGates(textureGates.filter(({ method }) => method === 'swav'));
