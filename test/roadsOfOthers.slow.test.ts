/** The roads of the other half of the methods, but for that of `road.slow.test.ts`. */
import { methodNames } from '../src/methods/index.ts';
import { testRoads } from './roads.cases.ts';

testRoads(methodNames.filter((method, i) => i % 2 === 0 && method !== 'swav'));
