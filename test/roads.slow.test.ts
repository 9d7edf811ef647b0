/** The roads of all methods but the one of `road.test.ts`. */
import { methodNames } from '../src/methods/index.ts';
import { testRoads } from './roads.cases.ts';

testRoads(methodNames.filter((method) => method !== 'swav'));
