/** Row of an image, 0 to N-1. */
export type Row = number;
