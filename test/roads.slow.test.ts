/** The roads of all methods but that of `road.slow.test.ts`, and of encoders without training. */
import { featureEncoderNames } from '../src/encoders/index.ts';
import { methodNames } from '../src/methods/index.ts';
import { testRoads } from './roads.cases.ts';

testRoads([...featureEncoderNames, ...methodNames.filter((method) => method !== 'swav')]);
