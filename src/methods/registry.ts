/** Methods by the names that commands, settings and runs know them by. */
import { LikenessError } from '../core/errors.ts';
import { adc } from './adc.ts';
import { autoencoder } from './autoencoder.ts';
import { byol } from './byol.ts';
import { consensus } from './consensus.ts';
import { contrastiveClustering } from './contrastiveClustering.ts';
import { dac } from './dac.ts';
import { dccm } from './dccm.ts';
import { dcgan } from './dcgan.ts';
import { ddc } from './ddc.ts';
import { dec } from './dec.ts';
import { decnn } from './decnn.ts';
import { deepcluster } from './deepcluster.ts';
import { deepclusterV2 } from './deepclusterV2.ts';
import type { Method } from './defineMethod.ts';
import { denoisingAutoencoder } from './denoisingAutoencoder.ts';
import { ensemble } from './ensemble.ts';
import { hcsc } from './hcsc.ts';
import { iic } from './iic.ts';
import { instdisc } from './instdisc.ts';
import { jule } from './jule.ts';
import { moco } from './moco.ts';
import { pcl } from './pcl.ts';
import { pica } from './pica.ts';
import { propos } from './propos.ts';
import { scan } from './scan.ts';
import { simclr } from './simclr.ts';
import { simsiam } from './simsiam.ts';
import { swav } from './swav.ts';
import { tcl } from './tcl.ts';
import { temi } from './temi.ts';
import { turtle } from './turtle.ts';
import { vae } from './vae.ts';

const builtIn = [
  swav,
  deepcluster,
  deepclusterV2,
  pcl,
  hcsc,
  autoencoder,
  denoisingAutoencoder,
  dec,
  contrastiveClustering,
  iic,
  pica,
  simclr,
  moco,
  byol,
  simsiam,
  dac,
  ddc,
  dccm,
  instdisc,
  propos,
  tcl,
  adc,
  vae,
  dcgan,
  decnn,
  jule,
] as const satisfies readonly Method[];

/** Methods that train nothing but a head on features of a pretrained model. */
const heads = [consensus, ensemble, temi, turtle, scan] as const satisfies readonly Method[];

/**
 * Method of runs that name none. It leads the others by mean rank over the sets and budgets of
 * docs/results.md, "Methods by budget".
 */
export const defaultMethod = simclr.name;

const registered = new Map<string, Method>(
  [...builtIn, ...heads].map((method) => [method.name, method]),
);

/** Names of the methods that come with likeness and train a network from images. */
export const methodNames: readonly string[] = builtIn.map(({ name }) => name);

/** Names of the methods that come with likeness and train a head on features alone. */
export const headNames: readonly string[] = heads.map(({ name }) => name);

/** All methods that are known now. */
export function allMethods(): readonly Method[] {
  return [...registered.values()];
}

/**
 * Makes a method known by its name, so that settings and stored runs can refer to it. Returns a
 * function that forgets it again.
 *
 * @throws LikenessError `method.name` when another method has the name.
 */
export function registerMethod(method: Method): () => void {
  const known = registered.get(method.name);
  if (known && known !== method) {
    throw new LikenessError(
      'method.name',
      `name: received "${method.name}", which another method has; expected a name of its own`,
    );
  }
  registered.set(method.name, method);
  return () => {
    registered.delete(method.name);
  };
}

/**
 * The method of that name.
 *
 * @throws LikenessError `method.unknown`
 */
export function methodNamed(name: string): Method {
  const method = registered.get(name);
  if (method) return method;
  throw new LikenessError(
    'method.unknown',
    `method: received "${name}"; expected one of ${[...registered.keys()].join(', ')}, or a ` +
      'method of your own after registerMethod',
  );
}
