/** Lines of duplicates, corrections, exports and the page. */
import type { Mutation } from './mutation.cases.ts';

export const explore = {
  duplicates: [
    {
      line: 'similarity: the windows that agree least do not count',
      in: 'structureOf',
      find: 'windows.slice(Math.floor(TRIMMED * windows.length))',
      to: 'windows',
      caughtBy: ['pairs.test.ts', 'finds a picture that is'],
    },
    {
      line: 'similarity: windows are compared by their covariance',
      in: 'structureAt',
      find: 'products / n - (sumA / n) * (sumB / n)',
      to: 'Math.sqrt((squaresA / n) * (squaresB / n))',
      caughtBy: ['pairs.test.ts', 'finds no pair among different pictures'],
    },
    {
      line: 'similarity: differences in color are taken off',
      in: 'similarityOf',
      find: 'structure - COLOR_WEIGHT * colorDifference(color, a, b, orientation)',
      to: 'structure',
      caughtBy: ['pairs.test.ts', 'and other colors from copies'],
    },
    {
      line: 'similarity: the edges move to where both pictures agree',
      in: 'similarityOf',
      find: 'bestBox()',
      to: '[0, 1, 0, 1] as Box',
      caughtBy: ['pairs.test.ts', 'finds a picture that is'],
    },
    {
      line: 'candidates: the bound of a distance is one',
      in: 'candidates/compare',
      find: 'Math.abs(rows[i + begin]!) - Math.abs(rows[j + begin]!)',
      to: 'rows[i + begin]! - rows[j + begin]!',
      caughtBy: ['duplicates/candidates.test.ts', 'finds the pairs of a search over all'],
    },
    {
      line: 'groups: two are as alike as their least similar members',
      in: 'linkageTree',
      find: '!isWorse(theirs, own)',
      to: 'isWorse(theirs, own)',
      caughtBy: ['groups.test.ts', 'takes two groups for as alike'],
    },
    {
      line: 'groups: those at a threshold are joined by the merges above it',
      in: 'groupsAt',
      find: 'similarity < threshold',
      to: 'false',
      caughtBy: ['groups.test.ts', 'reads the groups of every higher threshold'],
    },
    {
      line: 'best: the sharper of two pictures of equal size',
      in: 'compareBest',
      find: 'sharpnessStep(b) - sharpnessStep(a)',
      to: 'sharpnessStep(a) - sharpnessStep(b)',
      caughtBy: ['best.test.ts', 'byKeepRule'],
    },
  ],
  edits: [
    {
      line: 'images of locked clusters stay',
      in: 'changeable',
      find: 'requireUnlocked(state, state.home[row]!)',
      to: 'undefined',
      caughtBy: ['applyEdits.test.ts', 'leaves locked clusters as they are'],
    },
    {
      line: 'merged clusters stay merged for images that are assigned later',
      in: 'applyEdits/merge',
      find: 'becomes[i] = into',
      to: 'becomes[i]',
      caughtBy: ['applyEdits.test.ts', 'merges clusters'],
    },
    {
      line: 'a moved image is no junk',
      in: 'applyEdits/move',
      find: 'state.junk[row] = 0',
      to: 'state.junk[row]',
      caughtBy: ['applyEdits.test.ts', 'puts junk in no cluster'],
    },
    {
      line: 'names go where at least half of the members agree',
      in: 'matchClusters',
      find: '$index >= MIN_JACCARD',
      to: '$index >= 0',
      caughtBy: ['keepEdits.test.ts', 'drops a name whose members are spread'],
    },
  ],
  precision: [
    {
      line: 'int8: each channel has its own scale',
      in: 'int8Edit',
      find: 'largest.map($value)',
      to: 'largest.map(() => Math.max(...largest) / MAX_INT8)',
      caughtBy: ['precision.test.ts', 'gives every channel a scale of its own'],
    },
    {
      line: 'loss: neighbors are counted that stay',
      in: 'agreementOf',
      find: 'own.has(index)',
      to: 'true',
      caughtBy: ['exportLoss.test.ts', 'counts what other features lose'],
    },
  ],
  explore: [
    {
      line: 'similar: rows have the cosine to a vector of any length',
      in: 'similarRows',
      find: 'vector.map((value) => value / length)',
      to: 'vector',
      caughtBy: ['featureMath.test.ts', 'looks among marked rows alone'],
    },
    {
      line: 'layout: neighbors of other rows count by their cosine',
      in: 'layoutAll',
      find: 'Math.max(1e-6, near.similarities[at]!) ** SHARPNESS',
      to: '-1',
      caughtBy: ['explore/layouts.test.ts', 'lie beside their copies'],
    },
  ],
  server: [
    {
      line: 'requests name this machine as their host',
      in: 'refusalOf',
      find: 'hosts.includes(host)',
      to: 'true',
      caughtBy: ['app.slow.test.ts', 'requests that are refused'],
    },
    {
      line: 'requests of other origins are refused',
      in: 'refusalOf',
      find: 'hosts.some($isOrigin)',
      to: 'true',
      caughtBy: ['app.slow.test.ts', 'requests that are refused'],
    },
    {
      line: 'changes need the token of the page',
      in: 'refusalOf',
      find: 'isToken(req.header(headers.token), token)',
      to: 'true',
      caughtBy: ['app.slow.test.ts', 'requests that are refused'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
