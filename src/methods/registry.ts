/** The methods by the names that commands and settings know them by. */
import { byol } from './byol.ts';
import { contrastiveClustering } from './contrastiveClustering.ts';
import { deepcluster } from './deepcluster.ts';
import { deepclusterV2 } from './deepclusterV2.ts';
import { hcsc } from './hcsc.ts';
import { instdisc } from './instdisc.ts';
import type { Method } from './method.ts';
import { moco } from './moco.ts';
import { pcl } from './pcl.ts';
import type { MethodName } from './settings.ts';
import { simclr } from './simclr.ts';
import { simsiam } from './simsiam.ts';
import { swav } from './swav.ts';

export const methods: Readonly<Record<MethodName, Method>> = {
  swav,
  deepcluster,
  'deepcluster-v2': deepclusterV2,
  pcl,
  hcsc,
  'contrastive-clustering': contrastiveClustering,
  simclr,
  moco,
  byol,
  simsiam,
  instdisc,
};
