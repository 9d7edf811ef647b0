/** Routes of a training that the page offers. */
import type { Hono } from 'hono';
import type { Trainings } from '../explore/index.ts';
import { bodies, bodyOf, queries, queryOf } from './requests.ts';

/** Adds the routes of the offer and the start of a training. A job is cancelled to stop it. */
export function addTrainRoutes(app: Hono, trainings: Trainings): void {
  app.get('/api/train', async (c) => {
    return c.json(await trainings.offer(queryOf(c, queries.train)));
  });
  app.post('/api/train', async (c) => c.json(trainings.start(await bodyOf(c, bodies.train)), 202));
}
