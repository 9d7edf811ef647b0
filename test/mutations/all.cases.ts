/** All mutations, by method and by folder. */

import { autoencoders } from './autoencoders.cases.ts';
import { beyond } from './beyond.cases.ts';
import { contrast } from './contrast.cases.ts';
import { explore } from './explore.cases.ts';
import { folders } from './folders.cases.ts';
import { generative } from './generative.cases.ts';
import { graphs } from './graphs.cases.ts';
import { heads } from './heads.cases.ts';
import { instances } from './instances.cases.ts';
import { joined } from './joined.cases.ts';
import type { Mutation } from './mutation.cases.ts';
import { pairs } from './pairs.cases.ts';
import { prototypes } from './prototypes.cases.ts';
import { ranks } from './ranks.cases.ts';
import { relations } from './relations.cases.ts';

export const mutations: Readonly<Record<string, readonly Mutation[]>> = {
  ...prototypes,
  ...contrast,
  ...instances,
  ...generative,
  ...relations,
  ...autoencoders,
  ...heads,
  ...pairs,
  ...folders,
  ...explore,
  ...joined,
  ...beyond,
  ...graphs,
  ...ranks,
};
