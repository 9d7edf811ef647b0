/**
 * Contenders in alternation, A B A B …, so that other load on the machine affects all of them.
 * Every round starts a fresh process, because an idle process keeps memory and wakes up now and
 * then, and some systems reclaim its memory, which it then faults back in while it is timed.
 */

export interface Contender {
  readonly name: string;
  /** Starts the contender, with everything that is not timed. */
  enter(): Promise<Entered>;
}

/** Running contender. */
export interface Entered {
  /** Milliseconds of each of n runs. */
  run(times: number): Promise<readonly number[]>;
  /** Versions of a peer's libraries. */
  readonly versions: Readonly<Record<string, string>>;
  /** Peak resident memory of the process in MB; null where the system does not report it. */
  megabytes(): number | null;
  /** Ends the process and waits for its exit. */
  leave(): Promise<void>;
}

export interface Standing {
  /** Milliseconds of one of our runs: the median over rounds of the median of a round. */
  readonly ours: number;
  /** Time of the fastest peer; null where there is none. */
  readonly peer: { readonly name: string; readonly milliseconds: number } | null;
  /** Times of all peers, by name. */
  readonly peers: Readonly<Record<string, number>>;
  /**
   * Median over pairs of rounds of the fastest peer's time divided by ours. Above 1, we are faster.
   */
  readonly ratio: number | null;
  /** Smallest and largest ratio of a pair. */
  readonly spread: readonly [number, number] | null;
  /** Peak resident memory, ours and the fastest peer's, in MB. */
  readonly megabytes: number | null;
  readonly peerMegabytes: number | null;
  /** Versions of the peers' libraries. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Duration of a round: long enough to be timed, short enough to alternate often. */
const TURN_MILLISECONDS = 3000;
/** Largest number of timed runs per round. */
const MOST_RUNS = 50;
/** Largest number of warm-up runs, which allocate. */
const SETTLING_RUNS = 8;
/**
 * Ends the warm-up with the current run after this time. Runs of many seconds (ResNet-50 with 256
 * images) hardly allocate after the first, so a round has one warm-up and one timed run.
 */
const SETTLING_MILLISECONDS = 6000;
/** Ratio to the previous run from which the warm-up has settled. */
const SETTLED = 0.95;

export interface Turn extends Pick<Entered, 'versions'> {
  milliseconds: number;
  megabytes: number | null;
}

/** Runs one round: warm-up runs, then n timed runs. Default: as many as fit a round. */
async function turnOf(contender: Contender, runs?: number): Promise<Turn & { runs: number }> {
  const entered = await contender.enter();
  try {
    let settled = Infinity;
    let taken = 0;
    for (let run = 0; run < SETTLING_RUNS && taken < SETTLING_MILLISECONDS; run++) {
      const [now] = await entered.run(1);
      const isSettled = now! >= SETTLED * settled;
      settled = Math.min(settled, now!);
      taken += now!;
      if (isSettled) break;
    }
    const counted =
      runs ?? Math.max(1, Math.min(MOST_RUNS, Math.round(TURN_MILLISECONDS / settled)));
    const milliseconds = median(await entered.run(counted));
    return {
      milliseconds,
      megabytes: entered.megabytes(),
      versions: entered.versions,
      runs: counted,
    };
  } finally {
    await entered.leave();
  }
}

export interface TurnOptions {
  /** Rounds. */
  rounds: number;
  /** Timed runs per round. Default: as many as fit our first round. */
  runs?: number;
}

/** Runs all rounds. Each contender has as many timed runs in every round as in its first. */
export async function alternate(
  contenders: readonly Contender[],
  { rounds, runs: given }: TurnOptions,
): Promise<Turn[][]> {
  const turns: Turn[][] = contenders.map(() => []);
  let runs = given;
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const turn = await turnOf(contender, runs);
      runs = turn.runs;
      turns[i]!.push(turn);
    }
  }
  return turns;
}

/**
 * Runs the contenders in alternation, ours first, and compares ours with the fastest of the others.
 */
export async function takeTurns(
  ours: Contender,
  peers: readonly Contender[],
  options: TurnOptions,
): Promise<Standing> {
  const [own = [], ...theirs] = await alternate([ours, ...peers], options);
  const mine = { ours: median(times(own)), megabytes: most(own) };
  if (peers.length === 0)
    return {
      ...mine,
      peer: null,
      peers: {},
      ratio: null,
      spread: null,
      peerMegabytes: null,
      versions: {},
    };
  const medians = theirs.map((turns) => median(times(turns)));
  const best = medians.indexOf(Math.min(...medians));
  const ratios = pairRatios(times(own), times(theirs[best]!));
  return {
    ...mine,
    peer: { name: peers[best]!.name, milliseconds: medians[best]! },
    peers: Object.fromEntries(peers.map(({ name }, i) => [name, medians[i]!])),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    peerMegabytes: most(theirs[best]!),
    versions: Object.assign({}, ...theirs.flat().map(({ versions }) => versions)),
  };
}

/** Computes the milliseconds of each round. */
export function times(turns: readonly Turn[]): number[] {
  return turns.map(({ milliseconds }) => milliseconds);
}

/** Computes the peak memory over all rounds; null where none is known. */
export function most(turns: readonly Turn[]): number | null {
  const known = turns.map(({ megabytes }) => megabytes).filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

export interface Speeds
  extends Pick<Standing, 'ratio' | 'spread' | 'megabytes' | 'peerMegabytes' | 'versions'> {
  /** Images per second. */
  readonly ours: number;
  readonly peer: number | null;
  /** Images per second of all peers, by name. */
  readonly formats: Readonly<Record<string, number>>;
}

/** Converts times into images per second, for runs of n images. */
export function speedsOf({ ours, peer, peers, ...rest }: Standing, images: number): Speeds {
  const perSecond = (milliseconds: number) => (images * 1000) / milliseconds;
  return {
    ours: perSecond(ours),
    peer: peer && perSecond(peer.milliseconds),
    formats: Object.fromEntries(Object.entries(peers).map(([name, ms]) => [name, perSecond(ms)])),
    ...rest,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Computes the ratio of our speed to the peer's for each pair of rounds. */
export function pairRatios(ours: readonly number[], peer: readonly number[]): number[] {
  return ours.map((time, i) => peer[i]! / time);
}
