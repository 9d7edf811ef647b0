/** Default road: groups of a folder without a choice of method, continued where it was stopped. */
import { openImages, start } from '../src/likeness.ts';
import { folder } from './input.ts';

const images = await openImages(folder);
const onNote = ({ message }: { message: string }) => console.log(message);
const model = await start(images, { out: 'runs/groups', onNote });
const groups = await model.cluster(images);
console.log(`${groups.images.length} images in ${groups.k} clusters by ${model.method}`);
console.log(`report: ${await groups.writeReport()}`);
