/** Routes of a training that is watched. */
import type { Hono } from 'hono';
import { describeMoment, drawViews, type Explorer, listMoments } from '../explore/index.ts';
import { checked, params, queries, queryOf } from './requests.ts';

/** Adds the routes of moments and views. */
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
}
