/** Name of what a run trained, for tables and titles. */

/** Pretrained model of a run: `base` under a head, `origin` that is trained further. */
export interface NamedModels {
  readonly base?: { readonly model: string } | undefined;
  readonly origin?: { readonly model: string } | undefined;
}

/**
 * Names a head as `consensus on squeezenet1.1`, a model that was trained further as
 * `squeezenet1.1 fine-tuned by simclr`, and a network by its method alone.
 */
export function trainingName(method: string, { base, origin }: NamedModels): string {
  if (base) return `${method} on ${base.model}`;
  return origin ? `${origin.model} fine-tuned by ${method}` : method;
}
