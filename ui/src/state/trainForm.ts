import type { ChosenTraining, TrainChoice, TrainOffer } from '../../../src/server/protocol.ts';

/** Choices of a person for a training. An empty text leaves a choice to the server. */
export interface TrainForm {
  readonly method: string;
  readonly preset: string;
  /** Path of a pretrained model. */
  readonly encoder: string;
  /** True where that model itself is trained further. */
  readonly fineTune: boolean;
  /** Unit in which the length is chosen. */
  readonly by: 'minutes' | 'epochs';
  /** Minutes; null for the suggested ones. */
  readonly minutes: number | null;
  /** Epochs as they are typed; empty for those of the recipe. */
  readonly epochs: string;
}

export const emptyForm: TrainForm = {
  ...{ method: '', preset: '', encoder: '', fineTune: false },
  ...{ by: 'minutes', minutes: null, epochs: '' },
};

const fields = ['method', 'preset', 'encoder', 'minutes', 'epochs'] as const;
export type FormField = (typeof fields)[number];
export type FieldErrors = Partial<Readonly<Record<FormField, string>>>;

const modelOf = ({ encoder }: TrainForm) => encoder.trim();

/** Methods among which the form chooses, and the one that is taken where none is named. */
export function methodsFor(
  { choices }: Pick<TrainOffer, 'choices'>,
  form: TrainForm,
): { methods: readonly TrainChoice[]; usual: string } {
  const isHead = modelOf(form) !== '' && !form.fineTune;
  return isHead
    ? { methods: choices.heads, usual: choices.usualHead }
    : { methods: choices.methods, usual: choices.usual };
}

/** Recipes for the method of the form; all where none is named, and none beside a model. */
export function presetsFor(
  { choices }: Pick<TrainOffer, 'choices'>,
  form: TrainForm,
): TrainOffer['choices']['presets'] {
  if (modelOf(form) !== '') return [];
  const { method } = form;
  return choices.presets.filter((one) => !method || !one.method || one.method === method);
}

/** Changes a form, and takes back choices that do not exist beside the new ones. */
export function changed(
  offer: Pick<TrainOffer, 'choices'>,
  before: TrainForm,
  change: Partial<TrainForm>,
): TrainForm {
  let form = { ...before, ...change };
  const recipe = offer.choices.presets.find(({ name }) => name === form.preset);
  if (change.preset !== undefined && recipe?.method) form = { ...form, method: recipe.method };
  const has = (list: readonly TrainChoice[], name: string) => list.some((one) => one.name === name);
  if (!has(methodsFor(offer, form).methods, form.method)) form = { ...form, method: '' };
  if (!has(presetsFor(offer, form), form.preset)) form = { ...form, preset: '' };
  return form;
}

/** Writes a form as a request. Numbers that are none are sent as they are, to be refused. */
export function requestOf(
  form: TrainForm,
  { suggested, epochs }: Pick<TrainOffer, 'suggested' | 'epochs'>,
): ChosenTraining {
  const { method, preset, fineTune, by } = form;
  const encoder = modelOf(form);
  return {
    ...(by === 'minutes'
      ? { minutes: form.minutes ?? suggested }
      : { epochs: form.epochs.trim() === '' ? epochs : Number(form.epochs) }),
    ...(method && { method }),
    ...(preset && { preset }),
    ...(encoder && { encoder, ...(fineTune && { fineTune }) }),
  };
}

/**
 * Finds the field of a message such as `method: received …; expected …`, and the sentence to show
 * beside it. Null where it is about no field.
 */
export function fieldOf(message: string): { field: FormField; sentence: string } | null {
  const found = /^(\w+)(?: and \w+)?: (.)(.*)$/s.exec(message);
  const field = fields.find((one) => one === found?.[1]);
  if (!found || !field) return null;
  return { field, sentence: `${found[2]!.toUpperCase()}${found[3]}` };
}
