/** Bounds of the numbers that are read from a run. */
import { z } from 'zod';

/** Most steps of a training, as many as the names of checkpoints have digits for. */
export const MAX_STEPS = 1e11;
/** Most images, clusters or rows of a run. */
export const MAX_ROWS = 2 ** 32;

/** Most characters of a command line that is stored. */
export const MAX_COMMAND = 4000;

/** Command line that made something, for the report. */
export const commandText = z.string().min(1).max(MAX_COMMAND);
/** Number of steps or epochs done. */
export const steps = () => z.int().nonnegative().max(MAX_STEPS);
/** Number of images, clusters, classes or neighbors. */
export const rows = () => z.int().nonnegative().max(MAX_ROWS);
/** A fraction, from 0 to 1. */
export const fraction = () => z.number().min(0).max(1);
/** A measure of agreement, at most 1 by its formula, with room for rounding. */
export const agreement = () => z.number().min(-1.001).max(1.001);
