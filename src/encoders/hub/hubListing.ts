/** The listing of one commit by `@huggingface/hub`, checked, because it comes from others. */
import { z } from 'zod';
import { LikenessError } from '../../core/errors.ts';
import type { HubClient } from './hubClient.ts';
import type { HubFile } from './hubDownload.ts';
import { type AskedFor, hubError, PassingFailure } from './hubErrors.ts';
import { DESCRIBING } from './hubFiles.ts';
import { type HubId, isCommit, isRepo } from './hubId.ts';

/** A commit of a repository. */
export interface HubListing {
  readonly commit: string;
  /** License as the card of the model states it. */
  readonly license?: string;
  /** Names of all files, as they are listed. */
  readonly names: readonly string[];
  /** Asks for size and checksum of files. @throws LikenessError `hub.damaged`, `hub.missing` */
  filesOf(names: readonly string[]): Promise<HubFile[]>;
}

const texts = z.union([z.string(), z.array(z.string()).min(1)]);
const infoSchema = z.object({
  sha: z.string().refine(isCommit),
  filePaths: z.array(z.string().max(4096)).max(100_000),
  tags: z.array(z.string()).optional(),
  cardData: z
    .object({
      license: texts.nullish(),
      license_name: z.string().nullish(),
      base_model: texts.nullish(),
    })
    .nullish(),
});
const size = z.int().min(0);
const fileSchema = z.object({
  path: z.string(),
  type: z.string(),
  size,
  oid: z.string().optional(),
  lfs: z.object({ oid: z.string(), size }).nullish(),
});

/** Largest model, the longest protobuf message, and largest file that describes it, in bytes. */
const MAX_BYTES = { model: 2 ** 31 - 1, other: 20_000_000 } as const;

/**
 * Resolves a revision and lists its files.
 *
 * @throws LikenessError `hub.*`; the signal's reason
 */
export async function listCommit(
  client: HubClient,
  { repo, revision = 'main' }: HubId,
  asked: AskedFor,
): Promise<HubListing> {
  const hub = await import('@huggingface/hub');
  const request = { hubUrl: client.place.endpoint, fetch: client.interface(asked) };
  const infoOf = async (named: { name: string; revision?: string }) =>
    checked(
      infoSchema,
      await read(asked, () =>
        hub.modelInfo({
          ...{ ...named, ...request },
          additionalFields: ['sha', 'cardData', 'tags', 'filePaths'],
        }),
      ),
      asked,
    );
  const info = await infoOf({ name: repo, revision });
  if (isCommit(revision) && info.sha !== revision) {
    throw hubError(
      asked,
      'hub.damaged',
      `answers with commit ${info.sha}; expected the commit that was asked for. Check HF_ENDPOINT.`,
    );
  }
  const stated = licenseOf(info) ?? (await licenseOfBase(info, infoOf));
  return {
    ...{ commit: info.sha, names: info.filePaths, ...(stated && { license: stated }) },
    async filesOf(names) {
      const paths = [...names];
      const found = await read(asked, () =>
        hub.pathsInfo({ repo, paths, revision: info.sha, ...request }),
      );
      const files = checked(z.array(fileSchema).max(100_000), found, asked);
      const listed = paths.map((path) => fileOf(path, files, asked));
      const bytes = listed.reduce((sum, { size }) => sum + size, 0);
      if (bytes > MAX_BYTES.model) {
        const text = `lists the model with ${bytes} bytes in all; expected at most 2 GiB`;
        throw hubError(asked, 'hub.file', `${text}. Name a smaller file with #.`);
      }
      return listed;
    },
  };
}

/** Finds one of the files that were asked for; others in the answer are not looked at. */
function fileOf(path: string, files: z.output<typeof fileSchema>[], asked: AskedFor): HubFile {
  const found = files.find((file) => file.path === path && file.type === 'file');
  if (!found) {
    const text = `lists no size of ${path}; expected one, because its commit has this file.`;
    throw hubError(asked, 'hub.missing', `${text} Try again later.`);
  }
  const bytes = found.lfs?.size ?? found.size;
  const checksum = found.lfs?.oid ?? found.oid ?? '';
  if (!(found.lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(checksum)) {
    const text = `lists ${path} without a checksum; expected SHA-256 or git's SHA-1`;
    throw hubError(asked, 'hub.damaged', `${text}. Check HF_ENDPOINT.`);
  }
  const isModel = DESCRIBING.every((name) => name !== path);
  if (bytes > MAX_BYTES[isModel ? 'model' : 'other']) {
    const most = isModel ? '2 GiB' : '20 MB';
    const next = isModel
      ? 'Name a smaller file with #, or a smaller model.'
      : 'Download the model by hand, and give its folder.';
    const text = `lists ${path} with ${bytes} bytes; expected at most ${most}. ${next}`;
    throw hubError(asked, 'hub.file', text);
  }
  return { path, size: bytes, checksum };
}

/** License of the model that an export was made from, where its own card states none. */
async function licenseOfBase(
  { cardData }: z.output<typeof infoSchema>,
  infoOf: (named: { name: string }) => Promise<z.output<typeof infoSchema>>,
): Promise<string | undefined> {
  const [name] = [cardData?.base_model ?? []].flat();
  if (name === undefined || !isRepo(name)) return undefined;
  try {
    const found = licenseOf(await infoOf({ name }));
    return found && `${found} (of ${name})`;
  } catch (error) {
    if (!(error instanceof LikenessError)) throw error;
    return `that of ${name}`;
  }
}

/** License of the card, else that of the tags. */
function licenseOf({ cardData, tags }: z.output<typeof infoSchema>): string | undefined {
  const own = cardData?.license_name ?? [cardData?.license ?? []].flat().join(', ');
  const tag = tags?.find((text) => text.startsWith('license:'))?.slice('license:'.length);
  const found = (own || tag)?.slice(0, 80);
  return found === undefined || found === '' ? undefined : found;
}

function checked<S extends z.ZodType>(schema: S, value: unknown, asked: AskedFor): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const at = result.error.issues[0]?.path.join('.') || 'its answer';
  throw hubError(
    asked,
    'hub.damaged',
    `answers with another form of ${at} than a hub; expected a list of files. Check HF_ENDPOINT.`,
  );
}

/** Calls the package, whose own errors are of answers that it cannot read. */
async function read<T>(asked: AskedFor, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PassingFailure) throw error.error;
    const isOwn = error instanceof SyntaxError || error instanceof TypeError;
    if (error instanceof LikenessError || !(isOwn || /malformed/.test(String(error)))) throw error;
    const text = 'answers with something else than a list of files';
    throw hubError(asked, 'hub.damaged', `${text}; expected JSON. Check HF_ENDPOINT.`);
  }
}
