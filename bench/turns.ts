/** Contenders in turns, A B A B …, so that what else happens on the machine meets all of them. */

export interface Contender {
  readonly name: string;
  /** Milliseconds of each of so many runs. */
  run(times: number): Promise<readonly number[]>;
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
}

export interface TurnOptions {
  /** How often the contenders take turns. */
  rounds: number;
  /** Runs that do not count, of each, before the first turn. */
  warmUp?: number;
}

/** A turn lasts long enough to be timed and is short enough that turns alternate often. */
const TURN_MILLISECONDS = 1500;

/** Most runs in which a turn settles. */
const SETTLING_RUNS = 8;
/** A run that takes at least this share of the one before is not getting faster. */
const SETTLED = 0.9;

/**
 * Milliseconds of a turn of so many runs, after those in which it settles: caches are another's, and some systems take the memory
 * of a process that has waited for a second or two.
 */
async function turnOf(contender: Contender, runs: number): Promise<number> {
  let before = Infinity;
  for (let run = 0; run < SETTLING_RUNS; run++) {
    const [now] = await contender.run(1);
    if (now! >= SETTLED * before) break;
    before = now!;
  }
  return median(await contender.run(runs));
}

/** Lets them take turns, ours first. */
export async function takeTurns(
  ours: Contender,
  peers: readonly Contender[],
  { rounds, warmUp = 3 }: TurnOptions,
): Promise<Standing> {
  for (const contender of [ours, ...peers]) if (warmUp > 0) await contender.run(warmUp);
  const [first] = await ours.run(1);
  const runs = Math.max(1, Math.min(50, Math.round(TURN_MILLISECONDS / first!)));
  const own: number[] = [];
  const theirs: number[][] = peers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    own.push(await turnOf(ours, runs));
    for (const [i, peer] of peers.entries()) theirs[i]!.push(await turnOf(peer, runs));
  }
  const medians = theirs.map(median);
  const found = Object.fromEntries(peers.map(({ name }, i) => [name, medians[i]!]));
  if (peers.length === 0) return { ours: median(own), peer: null, peers: {}, ratio: null, spread: null };
  const best = medians.indexOf(Math.min(...medians));
  const ratios = pairRatios(own, theirs[best]!);
  return {
    ours: median(own),
    peer: { name: peers[best]!.name, milliseconds: medians[best]! },
    peers: found,
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

export interface Speeds extends Pick<Standing, 'ratio' | 'spread'> {
  /** Images per second. */
  readonly ours: number;
  readonly peer: number | null;
  /** Of all peers, by name. */
  readonly formats: Readonly<Record<string, number>>;
}

/** The standing in images per second, of runs of so many images. */
export function speedsOf({ ours, peer, peers, ratio, spread }: Standing, images: number): Speeds {
  const perSecond = (milliseconds: number) => (images * 1000) / milliseconds;
  return {
    ours: perSecond(ours),
    peer: peer && perSecond(peer.milliseconds),
    formats: Object.fromEntries(Object.entries(peers).map(([name, ms]) => [name, perSecond(ms)])),
    ...{ ratio, spread },
  };
}

/** A contender in this process. */
export function contender(name: string, once: () => Promise<unknown>): Contender {
  return {
    name,
    async run(times) {
      const found: number[] = [];
      for (let i = 0; i < times; i++) {
        const start = performance.now();
        await once();
        found.push(performance.now() - start);
      }
      return found;
    },
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
