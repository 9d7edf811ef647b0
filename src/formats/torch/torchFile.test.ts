import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { LikenessError } from '../../core/errors.ts';
import { readPickle } from './pickle.ts';
import { openTorchFile, type TorchFile } from './torchFile.ts';
import { weightRules } from './weights.ts';

const fixtures = new URL('../../../test/fixtures/formats/', import.meta.url);
const pathOf = (name: string) => new URL(name, fixtures).pathname;
const expected = JSON.parse(readFileSync(pathOf('torch_files.json'), 'utf8')) as Record<
  string,
  { dtype: string; shape: number[]; data: number[] }
>;
const kinds = ['torch_zip.pth', 'torch_stream.pth'] as const;

const folder = mkdtempSync(join(tmpdir(), 'likeness-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function closed<T>(file: TorchFile, work: (file: TorchFile) => Promise<T> | T): Promise<T> {
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

describe('openTorchFile', () => {
  it.each([...kinds.map((name) => [name, 'state_dict'] as const), ['torch_flat.pth', ''] as const])(
    'reads the tensors of %s as PyTorch does',
    async (name, path) => {
      await closed(await openTorchFile(pathOf(name)), async ({ dictionaries }) => {
        const tensors = dictionaries.get(path)!;
        expect([...tensors.keys()]).toEqual(Object.keys(expected));
        for (const [key, { dtype, shape, data }] of Object.entries(expected)) {
          const tensor = tensors.get(key)!;
          expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
          expect([...(await tensor.read())]).toEqual(data.map(Math.fround));
        }
      });
    },
  );

  it('finds dictionaries within dictionaries', async () => {
    await closed(await openTorchFile(pathOf(kinds[0])), ({ dictionaries }) => {
      expect([...dictionaries.keys()]).toEqual(['state_dict']);
    });
  });

  it('reads a list of dictionaries, by their index', async () => {
    const bytes = readFileSync(pathOf('torch_stream.pth'));
    let at = 0;
    const next = () => {
      const { end } = readPickle(bytes, { name: 'file', ...weightRules('file'), start: at });
      at = end;
      return end;
    };
    // Magic number, version and machine, and then the value, between a protocol and a stop.
    const start = [next(), next(), next()].at(-1)!;
    const end = next();
    const [list, append] = [Buffer.from([0x80, 2, 0x5d]), Buffer.from('a.')];
    const value = [list, bytes.subarray(start + 2, end - 1), append];
    const path = join(folder, 'list.pth');
    writeFileSync(path, Buffer.concat([bytes.subarray(0, start), ...value, bytes.subarray(end)]));
    await closed(await openTorchFile(path), async ({ dictionaries }) => {
      expect([...dictionaries.keys()]).toEqual(['0.state_dict']);
      for (const [key, tensor] of dictionaries.get('0.state_dict')!) {
        expect([...(await tensor.read())]).toEqual(expected[key]!.data.map(Math.fround));
      }
    });
  });

  it('says that a file is missing', async () => {
    await expect(openTorchFile('/nowhere/weights.pth')).rejects.toMatchObject({
      code: 'torch.missing',
    });
  });
});

describe('damaged files', () => {
  const files = kinds.map((name) => readFileSync(pathOf(name)));

  async function readAll(bytes: Uint8Array): Promise<void> {
    const path = join(folder, 'damaged.pth');
    writeFileSync(path, bytes);
    try {
      await closed(await openTorchFile(path), async ({ dictionaries }) => {
        for (const tensors of dictionaries.values()) {
          for (const tensor of tensors.values()) await tensor.read();
        }
      });
    } catch (error) {
      if (!(error instanceof LikenessError)) throw error;
      expect(error.code).toMatch(/^torch\.(malformed|refused)$/);
    }
  }

  it('are read or refused in a sentence: cut off anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (kind, part) => {
          const bytes = files[kind]!;
          await readAll(bytes.subarray(0, Math.floor(part * bytes.length)));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are read or refused in a sentence: with other bytes', async () => {
    const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        async (kind, edits) => {
          const bytes = Uint8Array.from(files[kind]!);
          for (const [part, value] of edits) {
            bytes[Math.min(bytes.length - 1, Math.floor(part * bytes.length))] = value;
          }
          await readAll(bytes);
        },
      ),
      { numRuns: 400 },
    );
  });
});
