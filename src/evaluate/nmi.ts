/** NMI among the measures of evaluation; the formula is with the other functions of a contingency table. */
export { entropy, mutualInformation, type NmiOptions, nmi, nmiOf } from '../cluster/index.ts';
