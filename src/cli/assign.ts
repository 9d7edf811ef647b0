/** `likeness assign`: new images into the clusters that a run already has. */
import { assignRun } from './assignRun.ts';
import type { Command } from './command.ts';

export const assignCommand: Command = {
  name: 'assign',
  summary: "Put new images into a run's existing clusters.",
  details: [
    'Each image goes to the cluster whose centre is nearest to its feature; where the clusters are those that the method has learned itself, to the most probable. Confidence is from 1/K to 1 and compares the clusters with each other; margin is how much nearer (in cosine; or more probable) the best is than the second best: near 0 means undecided.',
    'Images that cannot be read are listed with the reason and the rest goes on; the command fails only when none can be read.',
  ].join('\n'),
  arguments: [{ name: 'image', description: 'image files, or folders of them', count: 'many' }],
  options: [{ flags: '--run <dir>', description: 'run that "likeness cluster" was used on (required)' }],
  examples: [
    { command: 'likeness assign new.jpg --run runs/photos', meaning: 'the cluster of one image' },
    {
      command: 'likeness assign inbox --run runs/photos --json',
      meaning: 'those of a folder, for a script',
    },
  ],
  run: (images, options, terminal) => assignRun({ ...options, images }, terminal),
};
