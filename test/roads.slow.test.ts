/** The roads of half of the methods, and of encoders without training. */
import { featureEncoderNames } from '../src/encoders/index.ts';
import { methodNames } from '../src/methods/index.ts';
import { testRoads } from './roads.cases.ts';

testRoads([...featureEncoderNames, ...methodNames.filter((_, i) => i % 2 === 1)]);
