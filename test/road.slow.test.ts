/** The road of SwAV, among the fast tests. `roads.slow.test.ts` has the other methods. */
import { testRoads } from './roads.cases.ts';

testRoads(['swav']);
