/** Lists of classes of ImageNet that papers on clustering take, by the names of their folders. */

/**
 * ImageNet-10 and ImageNet-Dogs (15 breeds), as in Chang, Wang, Meng, Xiang, Pan, "Deep Adaptive
 * Image Clustering", ICCV 2017, and in Contrastive Clustering: WordNet ids with their first names.
 */
export const classLists = {
  'imagenet-10': {
    n02056570: 'king penguin',
    n02085936: 'Maltese dog',
    n02128757: 'snow leopard',
    n02690373: 'airliner',
    n02692877: 'airship',
    n03095699: 'container ship',
    n04254680: 'soccer ball',
    n04285008: 'sports car',
    n04467665: 'trailer truck',
    n07747607: 'orange',
  },
  'imagenet-dogs': {
    n02085936: 'Maltese dog',
    n02086646: 'Blenheim spaniel',
    n02088238: 'basset',
    n02091467: 'Norwegian elkhound',
    n02097130: 'giant schnauzer',
    n02099601: 'golden retriever',
    n02101388: 'Brittany spaniel',
    n02101556: 'clumber',
    n02102177: 'Welsh springer spaniel',
    n02105056: 'groenendael',
    n02105412: 'kelpie',
    n02105855: 'Shetland sheepdog',
    n02107142: 'Doberman',
    n02110958: 'pug',
    n02112137: 'chow',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Name of a list of classes. */
export type ClassList = keyof typeof classLists;

/** Names of the lists. */
export const classListNames = Object.keys(classLists) as ClassList[];

/** Names of classes, with those of each list in place of its name. */
export function expandClasses(names: readonly string[]): string[] {
  const isList = (name: string): name is ClassList => Object.hasOwn(classLists, name);
  return [
    ...new Set(names.flatMap((name) => (isList(name) ? Object.keys(classLists[name]) : name))),
  ];
}
