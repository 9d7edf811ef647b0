/** `likeness explore` as a process: from a folder to clusters on the page, and its end. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, type Started, writeTextures } from './likeness.cases.ts';

const workplace = openWorkplace();
beforeAll(() => writeTextures(join(workplace.path, 'photos'), 24));
afterAll(() => workplace.remove());

/** Waits for the address that the process prints. */
async function addressOf({ process, ended }: Started): Promise<string> {
  let text = '';
  process.stdout!.on('data', (part: Buffer) => {
    text += part.toString();
  });
  void ended.then(() => process.stdout!.emit('data', Buffer.from('\nended')));
  for (;;) {
    await once(process.stdout!, 'data');
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
    if (address !== undefined) return address;
    if (text.endsWith('\nended')) throw new Error(`no address: ${(await ended).stderr}`);
  }
}

interface Overview {
  name: string;
  images: number;
  clusters: object[];
  key: string;
  jobs: { state: string; text: string }[];
}

/** Follows the events of the page until the clusters are there. */
async function clustered(address: string): Promise<Overview> {
  const overview = async () => (await (await fetch(`${address}/api/run`)).json()) as Overview;
  const events = (await fetch(`${address}/api/events`)).body!.getReader();
  for (;;) {
    const run = await overview();
    if (run.clusters.length > 0) {
      await events.cancel();
      return run;
    }
    const failed = run.jobs.find(({ state }) => state === 'failed');
    if (failed) throw new Error(failed.text);
    await events.read();
  }
}

describe('likeness explore', () => {
  it('shows pictures before the clusters, and opens the same run again', async () => {
    const started = workplace.start('explore', 'photos', '--no-open', '-k', '3', '--out', 'runs/a');
    const address = await addressOf(started);
    const picture = await fetch(`${address}/api/pictures/0?side=64`);
    expect(picture.headers.get('content-type')).toBe('image/webp');
    const run = await clustered(address);
    expect([run.name, run.images, run.clusters.length]).toEqual(['a', 24, 3]);
    const page = await (await fetch(address)).text();
    const [, token] = /name="likeness-token" content="([0-9a-f]{64})"/.exec(page) ?? [];
    const edit = (body: object) =>
      fetch(`${address}/api/edits`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-likeness-token': token! },
        body: JSON.stringify(body),
      });
    const operations = [{ type: 'name', cluster: 0, name: 'stripes' }];
    expect((await edit({ key: run.key, version: 0, operations })).status).toBe(200);
    started.process.kill('SIGINT');
    expect((await started.ended).code).toBe(130);
    expect(existsSync(join(workplace.path, 'runs/a/edits.json'))).toBe(true);

    const again = workplace.start('explore', '--run', 'runs/a', '--no-open', '--json');
    const ended = new Promise<void>((resolve) => {
      again.process.stderr!.on('data', (part: Buffer) => {
        if (part.toString().includes('http://')) resolve();
      });
    });
    await ended;
    again.process.kill('SIGTERM');
    const { code, stdout } = await again.ended;
    expect(code).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ address: expect.stringMatching(/^http:/) });
  });

  it('refuses a port that is taken, and a run that is not there', async () => {
    const first = workplace.start('explore', '--no-open');
    const port = (await addressOf(first)).split(':').at(-1)!;
    const second = await workplace.run('explore', '--no-open', '--port', port);
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('--port')]);
    const missing = await workplace.run('explore', '--run', 'runs/none', '--no-open');
    expect(missing.code).toBe(3);
    first.process.kill('SIGHUP');
    expect((await first.ended).code).toBe(129);
  });
});
