/**
 * Contenders in turns, A B A B …, so that what else happens on the machine meets all of them. Each
 * is started for its turn and gone after it: one that waits beside another holds memory, wakes up
 * now and then, and some systems take the memory of a process that has waited for a second or two,
 * which it then gets back page by page while it is timed.
 */

export interface Contender {
  readonly name: string;
  /** Starts it, all that is not timed included. */
  enter(): Promise<Entered>;
}

/** A contender during its turn. */
export interface Entered {
  /** Milliseconds of each of so many runs. */
  run(times: number): Promise<readonly number[]>;
  /** Libraries of a peer with their versions. */
  readonly versions: Readonly<Record<string, string>>;
  /**
   * Largest resident memory so far of the process that works, in MB; null where the system does not
   * tell.
   */
  megabytes(): number | null;
  /** Ends it; resolves when it is gone. */
  leave(): Promise<void>;
}

export interface Standing {
  /** Milliseconds of one run, ours: the median over turns of each turn's median. */
  readonly ours: number;
  /** The fastest of the peers; null where there is none. */
  readonly peer: { readonly name: string; readonly milliseconds: number } | null;
  /** Of all peers, by name. */
  readonly peers: Readonly<Record<string, number>>;
  /** Median over pairs of turns of the fastest peer's time over ours; above 1: we are faster. */
  readonly ratio: number | null;
  /** Smallest and largest ratio of a pair. */
  readonly spread: readonly [number, number] | null;
  /** Largest resident memory, ours and the fastest peer's, in MB. */
  readonly megabytes: number | null;
  readonly peerMegabytes: number | null;
  /** Libraries of the peers with their versions. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A turn lasts long enough to be timed and is short enough that turns alternate often. */
const TURN_MILLISECONDS = 3000;
/** Most runs of a turn that count. */
const MOST_RUNS = 50;
/** Most runs in which a turn settles: the first ones allocate. */
const SETTLING_RUNS = 8;
/**
 * Settling ends with the run under way after this long: of runs that take many seconds (ResNet-50
 * with 256 images), all but the first hardly allocate, and a turn is one run that settles and one
 * that counts, not three or four that take a minute.
 */
const SETTLING_MILLISECONDS = 6000;
/** A run that takes at least this share of the one before is not getting faster. */
const SETTLED = 0.95;

export interface Turn extends Pick<Entered, 'versions'> {
  milliseconds: number;
  megabytes: number | null;
}

/** One turn: so many runs after those in which it settles, by default as many as make a turn. */
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
    const counted = runs ?? Math.max(1, Math.min(MOST_RUNS, Math.round(TURN_MILLISECONDS / settled)));
    const milliseconds = median(await entered.run(counted));
    return { milliseconds, megabytes: entered.megabytes(), versions: entered.versions, runs: counted };
  } finally {
    await entered.leave();
  }
}

export interface TurnOptions {
  /** How often they take turns. */
  rounds: number;
  /** Runs of a turn that count; by default as many as make a turn of ours, the first time. */
  runs?: number;
}

/** The turns of each, taken in order again and again; all run as often in a turn as the first. */
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

/** Lets them take turns, ours first, and sets ours beside the fastest of the others. */
export async function takeTurns(
  ours: Contender,
  peers: readonly Contender[],
  options: TurnOptions,
): Promise<Standing> {
  const [own = [], ...theirs] = await alternate([ours, ...peers], options);
  const mine = { ours: median(times(own)), megabytes: most(own) };
  if (peers.length === 0)
    return { ...mine, peer: null, peers: {}, ratio: null, spread: null, peerMegabytes: null, versions: {} };
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

/** Milliseconds of each turn. */
export function times(turns: readonly Turn[]): number[] {
  return turns.map(({ milliseconds }) => milliseconds);
}

/** Largest memory of any turn; null where none tells. */
export function most(turns: readonly Turn[]): number | null {
  const known = turns.map(({ megabytes }) => megabytes).filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

export interface Speeds
  extends Pick<Standing, 'ratio' | 'spread' | 'megabytes' | 'peerMegabytes' | 'versions'> {
  /** Images per second. */
  readonly ours: number;
  readonly peer: number | null;
  /** Of all peers, by name. */
  readonly formats: Readonly<Record<string, number>>;
}

/** The standing in images per second, of runs of so many images. */
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

/** Ratios of our speed to the peer's, pair by pair, from the times of each turn. */
export function pairRatios(ours: readonly number[], peer: readonly number[]): number[] {
  return ours.map((time, i) => peer[i]! / time);
}
