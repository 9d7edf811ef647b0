/** Faults of the network and of the hub: each is one sentence with a next step. */
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quoted, waitAsked } from './hubErrors.ts';
import { COMMIT, type Fault, fail } from './hubServer.cases.ts';
import { isModel, MODEL_BYTES, useHub, usualRepo } from './hubTest.cases.ts';

const hub = useHub();
const { open, downloads } = hub;
const blobs = () => join(hub.cache, 'models--acme--tiny', 'blobs');
const halves = () => readdirSync(blobs()).filter((name) => name.endsWith('.incomplete'));
const SHA256 = createHash('sha256').update(MODEL_BYTES).digest('hex');
const modelRequests = () => hub.server.seen.filter(({ path }) => path.endsWith('onnx/model.onnx'));

/** Is at fault where the bytes of the model are sent. */
const onModel =
  (fault: (...given: Required<Parameters<Fault>>) => boolean): Fault =>
  (request, response, bytes) =>
    bytes?.length === MODEL_BYTES.length ? fault(request, response, bytes) : false;

/** Sends a part of the rest of the model and drops the connection, for the first few times. */
function dropping(times: number, part = 100_000): Fault {
  let left = times;
  return onModel((request, response, bytes) => {
    if (left-- <= 0) return false;
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start ? 206 : 200, {
      'content-length': bytes.length - start,
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    });
    response.write(bytes.subarray(start, start + part), () => response.destroy());
    return true;
  });
}

describe('an answer that is no success', () => {
  const refusing =
    (status: number, code?: string, headers?: Record<string, string>): Fault =>
    (_request, response) => {
      fail(response, status, code, headers);
      return true;
    };
  it.each<[string, string, Fault | undefined, string, RegExp]>([
    [
      ...(['401', 'hub:acme/none', undefined, 'hub.denied'] as const),
      /hub:acme\/none, for which 127\.0\.0\.1:\d+ answers 401; expected a model that exists .* HF_TOKEN where it is private\.$/,
    ],
    [
      ...(['a gated model', 'hub:acme/gated', undefined, 'hub.denied'] as const),
      /answers 403 \(GatedRepo\); expected a model whose terms are accepted\. Accept them at http.*\/acme\/gated, and set/,
    ],
    [
      ...(['404', 'hub:acme/tiny', refusing(404, 'RepoNotFound'), 'hub.missing'] as const),
      /answers 404 \(RepoNotFound\); expected a model that exists/,
    ],
    [
      ...(['a revision', 'hub:acme/tiny@v9', undefined, 'hub.missing'] as const),
      /hub:acme\/tiny@v9, .* answers 404 \(RevisionNotFound\); expected a branch, a tag or a commit of it\./,
    ],
    [
      ...(['a file', 'hub:acme/tiny#onnx/none.onnx', undefined, 'hub.file'] as const),
      /lists the ONNX files onnx\/model\.onnx, onnx\/model_quantized\.onnx; expected onnx\/none\.onnx\. Name one with #/,
    ],
    [
      'a pause that is too long',
      'hub:acme/tiny',
      refusing(429, undefined, { 'retry-after': '7200' }),
      'hub.busy',
      /answers 429 \(too many requests\) and a pause of 2 h 0 min\. Try again after it, or set HF_TOKEN/,
    ],
    [
      ...(['500', 'hub:acme/tiny', refusing(500), 'hub.unreachable'] as const),
      /answers 500\. Try again later, or use a model that is on this machine\.$/,
    ],
  ])('%s', async (_name, id, fault, code, message) => {
    hub.server.repos['acme/gated'] = { ...usualRepo(), isGated: true };
    if (fault) hub.server.fault = fault;
    const { error } = await open(id);
    expect(error?.name).toBe('LikenessError');
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('\n');
  });

  it('passes where the hub recovers, after the pause that it asks for', async () => {
    const answers = [
      [429, { 'retry-after': '1' }],
      [503, {}],
    ] as const;
    let at = 0;
    hub.server.fault = (_request, response, bytes) => {
      const [status, headers] = (bytes ? undefined : answers[at++]) ?? [];
      if (status === undefined) return false;
      fail(response, status, undefined, headers);
      return true;
    };
    const started = performance.now();
    const { model, notes } = await open('hub:acme/tiny');
    expect(model?.source.commit).toBe(COMMIT);
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(notes[0]).toMatch(/: answers 429, trying again in 1 s$/);
    expect(notes[1]).toMatch(/: answers 503, trying again in 1 s$/);
  });

  it('is not tried again where trying does not help', async () => {
    await open('hub:acme/none');
    expect(hub.server.seen).toHaveLength(1);
  });
});

describe('texts of the hub', () => {
  it('are shortened in errors, without what a terminal obeys', () => {
    expect(quoted('\u001b[31mred')).toBe('\\x1B[31mred');
    expect(quoted('x'.repeat(500))).toHaveLength(121);
  });

  it.each([
    ['2', 2000],
    ['0', 0],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
  ])('Retry-After %j is %s ms', (header, expected) => {
    expect(waitAsked(header, 1000)).toBe(expected);
  });
});

describe('redirects', () => {
  const to =
    (location: string): Fault =>
    (_request, response) => {
      response.writeHead(302, { location });
      response.end();
      return true;
    };

  it.each([
    ['/again', /leads from one address to another more than 5 times/],
    ['file:///etc/passwd', /leads to file:\/\/\/etc\/passwd; expected an https address/],
    ['gopher://127.0.0.1/', /expected an https address/],
    ['http://[', /expected an https address/],
  ])('to %s end', async (location, message) => {
    hub.server.fault = to(location);
    const { error } = await open('hub:acme/tiny');
    expect(error).toMatchObject({ code: 'hub.redirect' });
    expect(error?.message).toMatch(message);
  });
});

describe('a connection that drops', () => {
  it('is continued with a range at the byte that is missing', async () => {
    hub.server.fault = dropping(2);
    const { model, notes } = await open('hub:acme/tiny');
    expect(isModel(model)).toBe(true);
    const starts = modelRequests().map(({ range }) => Number(/\d+/.exec(range ?? '0')![0]));
    expect(starts[0]).toBe(0);
    expect(starts.slice(1).every((start, i) => start > starts[i]!)).toBe(true);
    expect(starts).toHaveLength(3);
    expect(notes[0]).toContain('downloading');
    expect(halves()).toEqual([]);
  });

  it('is given up where nothing more comes, and the next call goes on', async () => {
    hub.server.fault = dropping(1000, 1000);
    const { error } = await open('hub:acme/tiny');
    expect(error).toMatchObject({ code: 'hub.unreachable' });
    expect(error!.message).toMatch(
      /for which 127.* breaks off onnx\/model\.onnx \(.*\)\. Try again, which continues the download/,
    );
    expect(modelRequests().length).toBeLessThan(10);
    expect(halves()).toEqual([expect.stringMatching(/\.likeness\.incomplete$/)]);
    hub.server.fault = undefined;
    hub.server.seen.length = 0;
    const { model } = await open('hub:acme/tiny');
    expect(isModel(model)).toBe(true);
    expect(modelRequests()[0]!.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(downloads()).toBe(1);
  });

  it('begins again at a server without ranges', async () => {
    hub.server.ranges = false;
    hub.server.fault = dropping(1);
    const { model } = await open('hub:acme/tiny');
    expect(isModel(model)).toBe(true);
  });

  it('is given up where a server without ranges never sends the whole file', async () => {
    hub.server.ranges = false;
    hub.server.fault = onModel((_request, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 200_000), () => response.destroy());
      return true;
    });
    const { error } = await open('hub:acme/tiny');
    expect(error?.message).toContain('breaks off onnx/model.onnx');
    expect(modelRequests().length).toBeLessThan(20);
  });

  it('with more bytes than the file has is begun again', async () => {
    await open('hub:acme/tiny#onnx/model_quantized.onnx');
    const half = join(blobs(), `${SHA256}.likeness.incomplete`);
    writeFileSync(half, MODEL_BYTES.subarray(0, 1000));
    let refused = 0;
    hub.server.fault = onModel((request, response) => {
      if (request.headers.range === undefined) return false;
      refused++;
      fail(response, 416);
      return true;
    });
    const { model } = await open('hub:acme/tiny');
    expect([isModel(model), refused]).toEqual([true, 1]);
  });

  it('of a killed process, or of another tool, is continued', async () => {
    await open('hub:acme/tiny#onnx/model_quantized.onnx');
    const ended = `${SHA256}.${hostname().replace(/[^\w-]/g, '_')}.${2 ** 22 + 7}-0.incomplete`;
    writeFileSync(join(blobs(), ended), MODEL_BYTES.subarray(0, 123_456));
    const { model } = await open('hub:acme/tiny');
    expect(modelRequests()[0]!.range).toBe('bytes=123456-');
    expect(isModel(model)).toBe(true);
    expect(halves()).toEqual([]);
  });

  it('that a living process writes is left alone', async () => {
    await open('hub:acme/tiny#onnx/model_quantized.onnx');
    const alive = `${SHA256}.${hostname().replace(/[^\w-]/g, '_')}.${process.ppid}-0.incomplete`;
    const fresh = `${SHA256}.incomplete`;
    for (const name of [alive, fresh]) writeFileSync(join(blobs(), name), 'half');
    await open('hub:acme/tiny');
    expect(modelRequests()[0]!.range).toBeUndefined();
    expect(halves().sort()).toEqual([fresh, alive].sort());
  });

  it('with damaged bytes is fetched again from its start', async () => {
    await open('hub:acme/tiny#onnx/model_quantized.onnx');
    writeFileSync(join(blobs(), `${SHA256}.likeness.incomplete`), new Uint8Array(200_000));
    const { model } = await open('hub:acme/tiny');
    expect(modelRequests().map(({ range }) => range)).toEqual(['bytes=200000-', undefined]);
    expect(isModel(model)).toBe(true);
  });
});

describe('a slow hub', () => {
  it('that sends nothing is given up after the bound', async () => {
    hub.server.fault = () => true;
    const started = performance.now();
    const { error } = await open('hub:acme/tiny');
    expect(error).toMatchObject({ code: 'hub.unreachable' });
    expect(error!.message).toMatch(/cannot be reached \(no answer in time\)/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('that stops in the middle is continued', async () => {
    let stalls = 1;
    hub.server.fault = onModel((_request, response, bytes) => {
      if (stalls-- <= 0) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 150_000));
      return true;
    });
    const { model } = await open('hub:acme/tiny');
    expect(isModel(model)).toBe(true);
    expect(modelRequests()[1]!.range).toMatch(/^bytes=\d+-$/);
  });
});

describe('a signal', () => {
  it('ends a download within a second, and the next call goes on', async () => {
    hub.server.fault = onModel((_request, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 150_000));
      return true;
    });
    const controller = new AbortController();
    let aborted = 0;
    const { error } = await open('hub:acme/tiny', {
      signal: controller.signal,
      onProgress(text) {
        if (!/^downloading onnx.*: 150/.test(text) || aborted) return;
        aborted = performance.now();
        controller.abort(new Error('stop'));
      },
    });
    expect(error?.message).toBe('stop');
    expect(performance.now() - aborted).toBeLessThan(1000);
    hub.server.fault = undefined;
    hub.server.seen.length = 0;
    const { model } = await open('hub:acme/tiny');
    expect(modelRequests()[0]!.range).toBe('bytes=150000-');
    expect(isModel(model)).toBe(true);
  });

  it.each<[string, Fault]>([
    ['an answer', () => true],
    [
      'a pause',
      (_request, response) => {
        fail(response, 503, undefined, { 'retry-after': '2' });
        return true;
      },
    ],
  ])('ends a wait for %s', async (_name, fault) => {
    hub.server.fault = fault;
    const controller = new AbortController();
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort(new Error('stop'));
    }, 300);
    const { error } = await open('hub:acme/tiny', { signal: controller.signal });
    expect(error?.message).toBe('stop');
    expect(performance.now() - aborted).toBeLessThan(1000);
  });
});
