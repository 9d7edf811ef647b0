/** Ids of models on the hub, such as `hub:OWNER/NAME@REVISION#onnx/model.onnx`. */
import { LikenessError } from '../../core/errors.ts';

/** A model on the hub as a person names it. */
export interface HubId {
  /** `OWNER/NAME`. */
  readonly repo: string;
  /** Branch, tag or commit; absent for the branch `main`. */
  readonly revision?: string;
  /** ONNX file in the repository; absent where a rule chooses it. */
  readonly file?: string;
}

/** Prefix by which ids are told from paths. */
const PREFIX = 'hub:';
const FORM = 'hub:OWNER/NAME, with @REVISION or #FILE.onnx after it where they are needed';
const MAX_LENGTH = 300;

/** Tells if a text names a model on the hub. */
export function isHubId(text: string): boolean {
  return text.startsWith(PREFIX);
}

/**
 * Reads `hub:OWNER/NAME[@REVISION][#FILE]`.
 *
 * @throws LikenessError `hub.id`
 */
export function parseHubId(text: string): HubId {
  const [, repo, revision, file] =
    /^hub:([^@#]*)(?:@([^#]*))?(?:#(.*))?$/s.exec(text.slice(0, MAX_LENGTH + 1)) ?? [];
  const refuse = (expected: string): never => {
    throw new LikenessError(
      'hub.id',
      `encoder: received ${JSON.stringify(text.slice(0, MAX_LENGTH))}; expected ${expected}`,
    );
  };
  if (text.length > MAX_LENGTH) refuse(`at most ${MAX_LENGTH} characters`);
  if (repo === undefined || !isRepo(repo)) refuse(FORM);
  if (revision !== undefined && !isSafePath(revision)) {
    refuse('a branch, a tag or a commit of 40 digits after @');
  }
  if (file !== undefined && !(isSafePath(file) && /\.onnx$/i.test(file))) {
    refuse('the path of an ONNX file in the repository after #, such as #onnx/model_fp16.onnx');
  }
  return { repo: repo!, ...(revision && { revision }), ...(file && { file }) };
}

/** True for `OWNER/NAME`. Folders of the cache join the two with `--`, which neither may have. */
export function isRepo(text: string): boolean {
  const parts = text.split('/');
  return parts.length === 2 && parts.every((part) => isName(part) && !part.includes('--'));
}

/** Writes an id as {@link parseHubId} reads it. */
export function showHubId({ repo, revision, file }: HubId): string {
  return `hub:${repo}${revision ? `@${revision}` : ''}${file ? `#${file}` : ''}`;
}

/** True for a commit, which always names the same files. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * True for a relative path of plain names, which stays in its folder on each system. Names in
 * listings of the hub are of others, who may have written `../x` or `C:\x`.
 */
export function isSafePath(path: string): boolean {
  return path !== '' && path.length <= 255 && path.split('/').every(isName);
}

/** Names of letters, digits, `.`, `_`, `-` and `+` that are no way up and no option. */
function isName(name: string): boolean {
  return /^\w[\w.+-]*$/.test(name) && !name.includes('..');
}
