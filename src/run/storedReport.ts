/** report.json: what the report says of the clusters, for scripts and for the page. */
import { z } from 'zod';
import { readJson } from './json.ts';
import { agreement, fraction, rows } from './limits.ts';

/** Version of the layout of report.json. */
export const REPORT_VERSION = 1;

const exampleImage = z.object({
  /** Id in the source. */
  path: z.string(),
  /** Probability of the cluster, 0 to 1. */
  confidence: fraction(),
  /** Lead over the second-best cluster, at least 0. */
  margin: z.number(),
  doubtful: z.boolean(),
  /** Second-best cluster, where there is one. */
  second: rows().optional(),
});

const cluster = z.object({
  cluster: rows(),
  size: rows(),
  /** Fraction of all images, 0 to 1. */
  share: fraction(),
  /** Mean cosine to the center, -1 to 1. */
  cohesion: agreement(),
  /** Mean simplified silhouette; absent in reports of before it was stored. */
  separation: agreement().optional(),
  /** Number of doubtful images. */
  doubtful: rows(),
  /** Most typical images first; all images of a small cluster. */
  typical: z.array(exampleImage).readonly(),
  /** Most doubtful images first, without those that are among the typical. */
  edge: z.array(exampleImage).readonly(),
});

const suggestion = z.object({
  k: rows(),
  /** Smallest and largest number that fits about as well. */
  range: z.tuple([rows(), rows()]).readonly(),
  /** False where no groups are found. Older reports lack it. */
  found: z.boolean().optional(),
  /** Score and measures by rising k; the three measures are 1 at best. */
  curve: z
    .array(
      z.object({
        k: rows(),
        score: z.number(),
        /** Absent in older reports, as the next two. */
        resolution: z.number().optional(),
        separation: agreement().optional(),
        chance: agreement().optional(),
        stability: agreement(),
        seedStability: agreement(),
        neighbours: agreement(),
      }),
    )
    .readonly(),
});

const classes = z.object({
  /** Number of images with a label. */
  images: rows(),
  purity: fraction(),
  nmi: agreement(),
  ami: agreement(),
  acc: agreement(),
  ari: agreement(),
  /** Fowlkes-Mallows index. */
  fmi: agreement(),
  /** Names of the classes: rows of `counts`. */
  classes: z.array(z.string()).readonly(),
  /** Numbers of the clusters: columns of `counts`. */
  clusters: z.array(rows()).readonly(),
  /** Row of the class that each column matches one to one; null where it matches none. */
  matched: z.array(rows().nullable()).readonly(),
  /** Images by class and cluster. */
  counts: z.array(z.array(rows()).readonly()).readonly(),
  /** Purity by number of the cluster. */
  purities: z
    .array(z.object({ cluster: rows(), size: rows(), majority: z.string(), share: fraction() }))
    .readonly(),
});

/** Agreement of the clusters with color, as `cluster` measures it; figures are AMI. */
const colorAgreement = z.object({
  verdict: z.enum(['mostly', 'partly', 'not', 'unknown']),
  /** Brightness where all images are gray. */
  property: z.enum(['color', 'brightness']).default('color'),
  /** Verdict and figures in sentences. */
  text: z.string(),
  /** Number of images that were compared, and of clusters among them. */
  images: rows(),
  k: rows(),
  /** Fraction of an image's k nearest in color that share its cluster. */
  neighbors: z.object({ consistency: fraction(), chance: agreement(), k: rows() }),
  colorHistogram: agreement(),
  rawPixels: agreement(),
  chance: agreement(),
  ceiling: agreement(),
  between: z.number(),
});

const schema = z.object({
  version: z.literal(REPORT_VERSION),
  /** Keys of the clustering and of the evaluation that are shown. Older reports lack them. */
  keys: z.object({ clustering: z.string(), evaluation: z.string().optional() }).optional(),
  /** Kind of the source; absent in reports of before it was stored. */
  source: z.object({
    name: z.string(),
    path: z.string(),
    kind: z.string().optional(),
    /** Set where images may be pages, such as `scan.tif#2`. */
    pages: z.literal('all').optional(),
  }),
  counts: z.object({
    images: rows(),
    skipped: rows(),
    clusters: rows(),
    /** Images that equal an earlier one, pixel by pixel. Absent in older reports. */
    equal: rows().optional(),
  }),
  settings: z.array(z.object({ name: z.string(), value: z.string() })).readonly(),
  howK: z.string(),
  /** Absent in reports of before it was measured. */
  colorAgreement: colorAgreement.optional(),
  suggestion: suggestion.optional(),
  classes: classes.optional(),
  doubtRule: z.string(),
  clusters: z.array(cluster).readonly(),
  skipped: z.array(z.object({ id: z.string(), reason: z.string() })).readonly(),
});

export type ExampleImage = Readonly<z.output<typeof exampleImage>>;
export type ReportCluster = Readonly<z.output<typeof cluster>>;
export type ReportColorAgreement = Readonly<z.output<typeof colorAgreement>>;
export type ReportSuggestion = Readonly<z.output<typeof suggestion>>;
export type ReportClasses = Readonly<z.output<typeof classes>>;

/** Part of report.json that is stored nowhere else. */
export type StoredReport = Readonly<z.output<typeof schema>>;

/** Reads report.json. @throws LikenessError `json.missing`, `json.malformed` */
export function readStoredReport(file: string): Promise<StoredReport> {
  return readJson(file, schema);
}
