/** A method in one place: its settings, its step, what it does between epochs, and its remedies. */
import type { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import type { Tensor } from '../tensor/index.ts';
import type { CropSpec } from '../views/index.ts';
import { createStep } from './createStep.ts';
import { cropInputs, ofCrop } from './crops.ts';
import { joinSteps } from './joinSteps.ts';
import type { Model } from './model.ts';
import { type MethodInput, requireOwnNetwork } from './ownNetwork.ts';
import type { EpochPhase, MethodHead, MethodProgram, StepContext } from './program.ts';
import type { OwnSettings, Settings, SettingsPatch } from './settings.ts';
import { phaseOf, type StageWork, stageOfEpoch, stageStart, stepsOf } from './stages.ts';
import type { Rows, Step, TrainingStep } from './step.ts';

/** States in which the run doctor stops a run. */
export type Failure = 'collapsed' | 'diverged' | 'narrow';

/** A change of settings against a failure. */
export interface Remedy {
  settings: SettingsPatch;
  /** Sentence for a person, such as "epsilon 0.03 instead of 0.05 for sharper codes". */
  description: string;
}

/** Arguments of a method's step. */
export interface StepScope<Own> {
  /** The method's own settings. */
  settings: Own;
  step: Step;
  model: Model;
  /**
   * Normalized crops by group, [count B, 3, s, s] each, global crops first; features [count B, D]
   * where the encoder is pretrained.
   */
  crops: readonly Tensor[];
  /** Normalized crops one by one, [B, 3, s, s] each; features [B, D] alike. */
  views: readonly Tensor[];
  context: StepContext;
}

/** Arguments of a method's work between epochs. */
export interface PhaseScope<Own> {
  settings: Own;
  context: StepContext;
}

/**
 * A stage of a method, such as pretraining.
 *
 * Its step reads and replaces the same variables and state as those of other stages: values of a
 * name that an earlier step has continue, and all others are initialized when the stage begins. A
 * momentum encoder that begins with a stage is a copy of the model as it is then.
 */
export interface Stage<Own> extends StageWork {
  /** Writes the training step of the stage. Default: the method's step. */
  step?(scope: StepScope<Own>): void;
}

/** Origins of the crops of a step on stored features. */
export type Pairs = 'views' | 'neighbors';

export interface MethodDefinition<S extends z.ZodObject> {
  /** Name for commands, settings and files, in kebab case. */
  name: string;
  /** Line for help texts and tables. */
  about: string;
  /** Crops that it takes: several resolutions, two of one size, or one. */
  crops: 'multiple' | 'pair' | 'single';
  /**
   * Origin of the crops of a step on features of a pretrained model: `views` draws stored augmented
   * views of each image; `neighbors` takes the image itself as first crop, and random ones of its
   * nearest neighbors as the others. Its own setting `neighbors` gives their number. Default:
   * views.
   */
  pairs?: Pairs;
  /**
   * Input that it can learn from: `any` takes stored features of a pretrained model and images for
   * an imported network too; `images` takes images for a network of likeness alone, as where
   * pixels are reconstructed. Default: any.
   */
  input?: MethodInput;
  /**
   * Rows of a batch that a replica computes losses from, where several train together: `all` joins
   * the features of all replicas, so that the method needs no change; `own` leaves the exchange to
   * the step, as `step.acrossReplicas`. Default: all.
   */
  rows?: Rows;
  /** Strict schema of its own settings, each with a description and a default. */
  settings: S;
  /** Own settings that are lowered where there are few images, unless a person gave them. */
  fits?: readonly ('prototypes' | 'clusters' | 'queueLength')[];
  /** Settings that it wants otherwise than the presets for kinds of images. */
  recipe?: SettingsPatch<z.input<S>>;
  /** Complete recipes of the paper, by name; `recipe` is not added to them. */
  presets?: Readonly<Record<string, { description: string; settings: SettingsPatch<z.input<S>> }>>;
  /** Changes of settings against a failure. Default: a lower learning rate. */
  remedies?: Partial<Record<Failure, (settings: Settings<z.output<S>>) => Remedy | undefined>>;
  /** Crop groups that the loader makes of those of the settings. Default: the same. */
  cropSpecs?(settings: z.output<S>, crops: readonly CropSpec[]): CropSpec[];
  /** Refuses settings that do not fit the images, before a run begins. */
  check?(settings: z.output<S>, context: StepContext): void;
  /** Embeddings, prototypes and clusters of an encoder's features. */
  head(settings: z.output<S>): MethodHead;
  /** Writes the training step. May be absent where every stage has a step of its own. */
  step?(scope: StepScope<z.output<S>>): void;
  /** Stages that follow one another; the method's step follows the last. Default: one stage. */
  stages?(scope: PhaseScope<z.output<S>>): readonly Stage<z.output<S>>[];
  /** Work before epochs, where it is the same for the whole run. */
  phase?(scope: PhaseScope<z.output<S>>): EpochPhase | undefined;
}

/** A method, with its own settings erased from the types. */
export interface Method extends Pick<MethodDefinition<z.ZodObject>, 'name' | 'about' | 'crops'> {
  readonly settings: z.ZodObject;
  readonly pairs: Pairs;
  readonly input: MethodInput;
  readonly fits: readonly string[];
  readonly recipe: SettingsPatch;
  readonly presets: Readonly<Record<string, { description: string; settings: SettingsPatch }>>;
  /** The remedy for a failure; undefined where the method has none of its own. */
  remedy(failure: Failure, settings: Settings): Remedy | undefined;
  cropSpecs(settings: Settings, crops: readonly CropSpec[]): CropSpec[];
  head(settings: Settings): MethodHead;
  /** Refuses settings that do not fit the images, without building a step. */
  check(settings: Settings, context: StepContext): void;
  program(settings: Settings, context: StepContext): MethodProgram;
}

/** A method with the types of its own settings. */
export interface DefinedMethod<S extends z.ZodObject> extends Method {
  /**
   * The step on given crops [count B, 3, s, s], without pixels and phases.
   *
   * @param stage default: the first stage
   */
  build(
    settings: z.input<S>,
    context: StepContext,
    crops: readonly Tensor[],
    stage?: string,
  ): TrainingStep;
}

/**
 * Defines a method. `train({ method })` takes the result as it is; `registerMethod` makes it known
 * by name.
 *
 * @example
 * const simclr = defineMethod({
 *   name: 'simclr',
 *   about: 'two views of an image find each other among the batch',
 *   crops: 'pair',
 *   settings: z.strictObject({ ...projectionSettings, temperature: rate().default(0.5) }),
 *   head: (settings) => ({ project: (variables, h) => project(variables, h, settings) }),
 *   step({ crops: [images], settings, step, model }) {
 *     const [z1, z2] = split(model.embed(images), 2);
 *     step.minimize(ntXent(z1, z2, settings));
 *     step.observe({ embeddings: z1, pairs: [z1, z2] });
 *   },
 * });
 *
 * @example
 * // Two stages: contrast for 20 epochs, then the embeddings move to the centers of their clusters.
 * const contrastThenCluster = defineMethod({
 *   name: 'contrast-then-cluster',
 *   about: 'SimCLR, then deep embedded clustering (Xie et al., 2016)',
 *   crops: 'pair',
 *   settings: z.strictObject({ ...projectionSettings, clusters: z.number().int().default(10) }),
 *   head: (settings) => ({ project: (variables, h) => project(variables, h, settings) }),
 *   stages: ({ settings, context }) => [
 *     {
 *       name: 'contrast',
 *       epochs: 20,
 *       step({ crops: [images], step, model }) {
 *         const [a, b] = split(model.embed(images), 2); // [B, D] each
 *         step.minimize(ntXent(a, b, { temperature: 0.5 }));
 *         step.observe({ embeddings: a, pairs: [a, b] });
 *       },
 *     },
 *     {
 *       name: 'cluster',
 *       restart: true,
 *       async begin({ engine, seed, features }) {
 *         const { batchSize, imageSize: size } = context;
 *         const program = embeddingProgram((v, h) => project(v, h, settings), context);
 *         const Z = await features(program, { batchSize, size }); // [N, D]
 *         const { centroids } = await kmeans(Z, settings.clusters, { engine, seed });
 *         return { state: { centers: centroids }, facts: {} };
 *       },
 *       step({ crops: [images], settings, step, model }) {
 *         const shape = [settings.clusters, settings.embeddingDim];
 *         const centers = model.variables.parameter('centers', shape, normal(1)); // [K, D]
 *         const z = model.embed(images); // [2B, D]
 *         const q = studentAssignments(z, centers); // [2B, K]
 *         step.minimize(klDivergence(sharpened(q), q));
 *         step.observe({ embeddings: z, usage: mean(q, { axes: [0] }) });
 *       },
 *     },
 *   ],
 * });
 */
export function defineMethod<S extends z.ZodObject>(
  definition: MethodDefinition<S>,
): DefinedMethod<S> {
  type Own = z.output<S>;
  const { name, about, crops, settings: schema, pairs = 'views', input = 'any' } = definition;
  const { fits = [], recipe = {}, presets = {} } = definition;
  const parsed = (own: OwnSettings) => schema.parse(own) as Own;
  const ownOf = ({ method: { name: _, ...own } }: Settings) => parsed(own);
  const stagesOf = (scope: PhaseScope<Own>) => definition.stages?.(scope) ?? [];

  return {
    name,
    about,
    crops,
    settings: schema,
    pairs,
    input,
    fits,
    recipe: recipe as SettingsPatch,
    presets: presets as Method['presets'],
    remedy: (failure, settings) =>
      definition.remedies?.[failure]?.({
        ...settings,
        method: { name, ...ownOf(settings) },
      } as Settings<Own>),
    cropSpecs: (settings, specs) => definition.cropSpecs?.(ownOf(settings), specs) ?? [...specs],
    head: (settings) => definition.head(ownOf(settings)),
    check(settings, context) {
      requireOwnNetwork({ name, input }, context.encoder.architecture);
      definition.check?.(ownOf(settings), wholeBatch(context));
    },
    program(settings, context) {
      const own = ownOf(settings);
      requireOwnNetwork({ name, input }, context.encoder.architecture);
      const scope = { settings: own, context: wholeBatch(context) };
      definition.check?.(own, scope.context);
      const stages = stagesOf(scope);
      const given = cropInputs(context);
      const steps = stepsOf(stages, definition.step).map(({ firstEpoch, step }) => ({
        ...buildStage(definition, step, { ...scope, stages, replica: context }, given),
        firstEpoch,
      }));
      return {
        ...joinSteps(steps),
        phase: definition.phase?.(scope) ?? phaseOf(stages),
        ...(stages.length > 0 && { stageStart: (epoch) => stageStart(stages, epoch) }),
      };
    },
    build(own, context, given, stage) {
      const scope = { settings: parsed(own), context: wholeBatch(context) };
      const stages = stagesOf(scope);
      const { step = definition.step } =
        (stage === undefined
          ? stageOfEpoch(stages, 0)
          : stages.find((candidate) => candidate.name === stage)) ?? {};
      return buildStage(definition, step, { ...scope, stages, replica: context }, given);
    },
  };
}

/** The context of the batches of all replicas as one. */
function wholeBatch({ batchSize, replicas = 1, ...context }: StepContext): StepContext {
  return { ...context, batchSize: batchSize * replicas };
}

interface StageScope<S extends z.ZodObject> extends PhaseScope<z.output<S>> {
  stages: readonly Stage<z.output<S>>[];
  /** The context of this replica, whose batch is a part of the whole. */
  replica: StepContext;
}

/** Builds the step that a method or a stage writes. */
function buildStage<S extends z.ZodObject>(
  { name, head, rows }: MethodDefinition<S>,
  write: ((scope: StepScope<z.output<S>>) => void) | undefined,
  { settings, context, stages, replica }: StageScope<S>,
  crops: readonly Tensor[],
): TrainingStep {
  if (!write) {
    throw new LikenessError(
      'method.step',
      `defineMethod: received "${name}" without a step for all stages; expected "step", ` +
        'or a step in every stage',
    );
  }
  const { project, assign } = head(settings);
  const { step, model, build } = createStep({ ...replica, name, project, assign, stages, rows });
  const { batchSize: B } = replica;
  const views = crops.flatMap((group) =>
    Array.from({ length: group.shape[0]! / B }, (_, v) => ofCrop(group, v, B)),
  ); // [B, 3, s, s] or [B, D] each
  write({ settings, step, model, crops, views, context: rows === 'own' ? replica : context });
  return build();
}
