/** Routes of a training that is watched, and of the hierarchy that it has learned. */
import type { Hono } from 'hono';
import {
  describeHierarchy,
  describeMoment,
  drawViews,
  type Explorer,
  listMoments,
} from '../explore/index.ts';
import { binary } from './binary.ts';
import { checked, params, queries, queryOf } from './requests.ts';

/** Adds the routes of moments, views and the hierarchy. */
export function addWatchRoutes(app: Hono, explorer: Explorer): void {
  app.get('/api/moments', async (c) => {
    queryOf(c, queries.none);
    return c.json(await listMoments(explorer.current()));
  });
  app.get('/api/moments/:step', async (c) => {
    queryOf(c, queries.none);
    const step = checked(params.job, c.req.param('step'), 'step');
    return c.json(await describeMoment(explorer.current(), step));
  });
  app.get('/api/views', async (c) => {
    const { epoch } = queryOf(c, queries.views);
    return c.json(await drawViews(explorer.current(), epoch));
  });
  app.get('/api/hierarchy', async (c) => {
    queryOf(c, queries.none);
    return c.json((await describeHierarchy(explorer.current())).answer);
  });
  app.get('/api/hierarchy/leaves', async (c) => {
    queryOf(c, queries.none);
    const run = explorer.current();
    return binary({ key: run.key, data: (await describeHierarchy(run)).leaves });
  });
}
