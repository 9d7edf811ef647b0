import { describe, expect, it } from 'vitest';
import type { JobAnswer } from '../../../src/server/protocol.ts';
import { withJob, withJobs } from './jobs.ts';

const running: JobAnswer = { id: 1, kind: 'takeaway', state: 'running', text: 'taking' };
const done: JobAnswer = { ...running, state: 'done', download: '/api/downloads/1' };

describe('withJob', () => {
  it('keeps the end of a job whose first answer comes after its last event', () => {
    expect(withJob(withJob([], done), running)).toEqual([done]);
    expect(withJob(withJob([], running), done)).toEqual([done]);
    expect(withJobs([done], [running])).toEqual([done]);
  });

  it('takes each text of a running job, also of a stage that counts anew', () => {
    const writing = { ...running, text: 'writing', done: 1, total: 10 };
    expect(withJob([{ ...running, done: 5, total: 10 }], writing)).toEqual([writing]);
  });

  it('orders jobs by their start and keeps those that a listing lacks', () => {
    const second = { ...running, id: 2 };
    expect(withJob([second], done)).toEqual([done, second]);
    expect(withJobs([done, second], [{ ...second, state: 'cancelled' }])).toEqual([
      done,
      { ...second, state: 'cancelled' },
    ]);
  });
});
