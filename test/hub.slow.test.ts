/** Models of the hub, as a person names them on the command line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMIT, type HubServer, startHub } from '../src/encoders/hub/hubServer.cases.ts';
import { tinyModel } from '../src/encoders/models/tinyModel.cases.ts';
import { openWorkplace, type Started, writeTextures } from './likeness.cases.ts';

const workplace = openWorkplace();
const at = (...path: string[]) => join(workplace.path, ...path);
let hub: HubServer;
const bytes = tinyModel({ size: 32 });
const HALF = Math.floor(bytes.length / 2);

beforeAll(async () => {
  await writeTextures(at('pictures'), 24);
  hub = await startHub({
    'acme/tiny': {
      license: 'mit',
      files: {
        'onnx/model.onnx': { bytes, isLarge: true },
        'preprocessor_config.json': {
          bytes: Buffer.from('{"size": 32, "image_mean": 0.5, "image_std": 0.5}'),
        },
      },
    },
    'acme/gated': { files: {}, isGated: true },
  });
});
afterAll(async () => {
  await hub.close();
  workplace.remove();
});

const likeness = (...args: string[]): Started =>
  workplace.startWith(
    {
      options: [],
      env: {
        ...{ HF_ENDPOINT: hub.endpoint, HF_HOME: at('hub'), HF_HUB_CACHE: '', HF_TOKEN: '' },
        ...{ HF_HUB_OFFLINE: '', HTTP_PROXY: '', http_proxy: '' },
      },
    },
    ...args,
  );
const start = (...args: string[]) =>
  likeness('start', 'pictures', '--encoder', 'hub:acme/tiny', '-k', '3', '--no-open', ...args);

describe('--encoder hub:OWNER/NAME', () => {
  it('tells size and license, and Ctrl-C ends its download at once', async () => {
    hub.fault = (_request, response, served) => {
      if (served?.length !== bytes.length) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(served.subarray(0, HALF));
      return true; // and nothing more
    };
    const { process: child, ended } = start('--out', 'run');
    let shown = '';
    let interrupted = 0;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (text) => {
        shown += text;
        const isHalf = shown.includes('downloading onnx/model.onnx');
        if (!isHalf || interrupted) return;
        interrupted = performance.now();
        child.kill('SIGINT');
      });
    }
    const { code, stdout } = await ended;
    expect(code, shown).toBe(130);
    expect(performance.now() - interrupted).toBeLessThan(5000);
    expect(stdout).toMatch(
      /hub:acme\/tiny: downloading [12]\.\d kB \(onnx\/model\.onnx and 1 furt/,
    );
    expect(stdout).toContain(`Commit ${COMMIT}, license mit.`);
  });

  it('continues the download, and ends with groups', async () => {
    hub.fault = undefined;
    hub.seen.length = 0;
    const { code, stdout, stderr } = await start('--out', 'run').ended;
    expect(code, stderr).toBe(0);
    expect(hub.seen.find(({ path }) => path.endsWith('model.onnx'))?.range).toBe(`bytes=${HALF}-`);
    expect(stdout).toContain(`at commit ${COMMIT}, license mit.`);
    const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8'));
    expect(config.encoder.settings.hub.commit).toBe(COMMIT);
  });

  it('needs no hub afterwards: --offline, other commands, and the run', async () => {
    hub.seen.length = 0;
    for (const args of [
      ['cluster', 'pictures', '-k', '3', '--no-open', '--encoder', 'hub:acme/tiny', '--offline'],
      ['evaluate', 'pictures', '--encoder', 'hub:acme/tiny', '--offline'],
      ['embed', 'pictures', '--encoder', 'hub:acme/tiny', '--offline', '--out', 'f.npy'],
      ['train', 'pictures', '--encoder', 'hub:acme/tiny', '--offline', '-k', '3', '--out', 'head'],
      ['cluster', 'pictures', '-k', '3', '--no-open', '--run', 'run'],
      ['assign', 'pictures/0000.png', '--run', 'run'],
    ]) {
      const { code, stderr } = await likeness(...args).ended;
      expect(code, stderr).toBe(0);
    }
    const head = JSON.parse(readFileSync(at('head', 'config.json'), 'utf8'));
    expect(JSON.stringify(head)).toContain(`"commit":"${COMMIT}"`);
    const { code, stdout } = await likeness('encoders', '--json').ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).cached).toMatchObject([{ encoder: 'hub:acme/tiny', imageSize: 32 }]);
    expect(hub.seen).toEqual([]);
  });

  it.each([
    ['hub:acme', 2, '--encoder: received "hub:acme"; expected hub:OWNER/NAME'],
    ['hub:acme/gated', 3, 'answers 403 (GatedRepo); expected a model whose terms are accepted'],
    ['hub:acme/none', 3, 'answers 401; expected a model that exists and may be read'],
  ])('%s ends with code %i', async (id, expected, message) => {
    const { code, stderr } = await likeness('start', 'pictures', '--encoder', id).ended;
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });

  it('is not in the cache offline', async () => {
    const args = ['start', 'pictures', '--encoder', 'hub:acme/other', '--offline'];
    const { code, stderr } = await likeness(...args).ended;
    expect(code).toBe(3);
    expect(stderr).toMatch(/not in the cache .* ask again without --offline and HF_HUB_OFFLINE\./);
  });
});
