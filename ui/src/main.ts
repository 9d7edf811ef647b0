import { mount } from 'svelte';
import App from './App.svelte';
import { createHttp } from './data/http.ts';
import type { RunSource } from './data/source.ts';
import { applyTheme, storedTheme } from './state/theme.ts';
import './style.css';

/**
 * Opens the page on the run of its server, or on generated data where the address says so:
 * `?synthetic=3000&clusters=12&training=running&moved&ungrouped&compared`.
 */
async function openSource(): Promise<RunSource> {
  const query = new URLSearchParams(location.search);
  const images = query.get('synthetic');
  if (images === null) {
    const token = document.querySelector<HTMLMetaElement>('meta[name=likeness-token]')?.content;
    return createHttp(token ?? '');
  }
  const { createSynthetic } = await import('./data/synthetic.ts');
  const trainings = ['running', 'finished', 'none', 'preparing'] as const;
  const training = trainings.find((one) => one === query.get('training'));
  return createSynthetic({
    images: Number(images || 3000),
    clusters: Number(query.get('clusters') ?? 12),
    seed: Number(query.get('seed') ?? 7),
    found: !query.has('moved'),
    grouped: !query.has('ungrouped'),
    hierarchy: query.has('hierarchy'),
    compared: query.has('compared'),
    ...(training && { training }),
  });
}

applyTheme(storedTheme());
const source = await openSource();
mount(App, { target: document.getElementById('app')!, props: { source } });
