/** Misspelt options of metrics. */
import { describe, expect, it } from 'vitest';
import { clusterAgreement, nmi } from './index.ts';

describe('options of metrics', () => {
  it('are refused where they are misspelt', () => {
    expect(() => nmi([0, 1], [0, 1], { normalize: 'max' } as object)).toThrow(
      'normalize: received an unknown option; expected normalizer',
    );
    expect(() => clusterAgreement([0, 1], [0, 1], { row: [0] } as object)).toThrow(
      'row: received an unknown option; expected rows',
    );
  });

  it('are refused where the value is none of the known', () => {
    expect(() => nmi([0, 1], [0, 1], { normalizer: 'mean' as 'max' })).toThrow(
      'normalizer: received "mean"; expected one of arithmetic, geometric, min, max',
    );
  });
});
