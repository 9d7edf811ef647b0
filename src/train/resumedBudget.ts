/** Budget of a resumed run: its own, or a larger one of the same kind for a run at its end. */
import { LikenessError } from '../core/errors.ts';
import { plural, showCount } from '../core/text.ts';
import type { SettingsPatch } from '../methods/index.ts';
import type { DamagedCheckpoint, TrainedConfig } from '../run/index.ts';
import type { Budget } from './budget.ts';

/** Parts of a request that ask for a length of training. */
export interface BudgetRequest {
  epochs?: number;
  minutes?: number;
  settings?: SettingsPatch;
}

/** Progress of a run that is resumed. */
export interface Reached {
  /** Step of the newest intact checkpoint; absent where there is none. */
  readonly step?: number | undefined;
  /** Set where that is the end of the run. */
  readonly isEnd?: boolean | undefined;
  /** Newer checkpoints that are damaged, newest first. */
  readonly damaged?: readonly DamagedCheckpoint[];
}

type Kind = 'epochs' | 'minutes';

/** An amount that was asked for and differs from that of the run. */
interface Other {
  readonly kind: Kind;
  readonly received: number;
}

/** Words for a budget, such as `2 epochs`. */
export function budgetText(budget: Budget): string {
  const [kind, amount] = partsOf(budget);
  return plural(amount, kind === 'epochs' ? 'epoch' : 'minute');
}

/** Sentence on what trains a run longer, once it is at its end. */
export function longerText(budget: Budget): string {
  const [kind, amount] = partsOf(budget);
  return `\`${kind}\` above ${amount} train it longer`;
}

/**
 * The larger budget that a request asks for; undefined where it asks for that of the run.
 *
 * @throws LikenessError `resume.differs` for another budget, or a larger one before the end of the
 * run; `checkpoint.damaged` where the checkpoint of its end may be damaged
 */
export function longerBudget(
  stored: Pick<TrainedConfig, 'budget' | 'settings'>,
  request: BudgetRequest,
  { step, isEnd = false, damaged = [] }: Reached,
): Budget | undefined {
  const { budget } = stored;
  const [own, amount] = partsOf(budget);
  const other = otherBudget(stored, request);
  if (!other) return undefined;
  const { kind, received } = other;
  const isMore = kind === own && received > amount;
  if (isMore && isEnd) return kind === 'epochs' ? { epochs: received } : { minutes: received };
  const [broken] = damaged;
  if (isMore && broken) {
    const from = step === undefined ? 'its beginning' : `step ${showCount(step)}`;
    throw new LikenessError(
      'checkpoint.damaged',
      `${broken.reason} A run of ${budgetText(budget)} is trained longer only from its end. Leave ` +
        `\`${kind}\` out to train it again from ${from}.`,
    );
  }
  if (isEnd) {
    const more = kind === own ? ', or more to train it longer' : '';
    const next = kind === own ? 'Leave it out, or start a new run.' : `${longerText(budget)}.`;
    throw differs(budget, other, { more, next });
  }
  const next =
    `Resume it to its end without \`${kind}\` first. \`${own}\` above ${amount} then train it ` +
    'longer.';
  throw differs(budget, other, { where: ', which is not at its end', next });
}

/** Refuses another budget than that of the run. @throws LikenessError `resume.differs` */
export function requireSameBudget(
  stored: Pick<TrainedConfig, 'budget' | 'settings'>,
  request: BudgetRequest,
): void {
  const other = otherBudget(stored, request);
  if (!other) return;
  throw differs(stored.budget, other, { next: 'Leave it out, or start a new run to change it.' });
}

/** Finds the amount of a request that differs from the run's. */
function otherBudget(
  { budget, settings: { schedule } }: Pick<TrainedConfig, 'budget' | 'settings'>,
  { epochs: option, minutes, settings }: BudgetRequest,
): Other | undefined {
  const [own, amount] = partsOf(budget);
  // A run of minutes has epochs in its settings too, which the request that started it may give.
  const inSettings = settings?.schedule?.epochs;
  const isOwnSetting = own === 'minutes' && inSettings === schedule.epochs;
  const epochs = option ?? (isOwnSetting ? undefined : inSettings);
  const given: [Kind, number | undefined][] = [
    ['epochs', epochs],
    ['minutes', minutes],
  ];
  for (const [kind, received] of given) {
    if (received === undefined || (kind === own && received === amount)) continue;
    return { kind, received };
  }
  return undefined;
}

function partsOf(budget: Budget): [Kind, number] {
  return 'epochs' in budget ? ['epochs', budget.epochs] : ['minutes', budget.minutes];
}

function differs(
  budget: Budget,
  { kind, received }: Other,
  { where = '', more = '', next }: { where?: string; more?: string; next: string },
): LikenessError {
  const [own, amount] = partsOf(budget);
  return new LikenessError(
    'resume.differs',
    `resume: received \`${kind}\` ${received} for a run of ${budgetText(budget)}${where}; ` +
      `expected \`${own}\` ${amount}${more}. ${next}`,
  );
}
