/**
 * Keeps each process of Vitest, and what it starts, to cores of its own.
 *
 * Idle threads of ONNX Runtime wait actively: on shared cores the two processes take each other's
 * time, and the slow tests last two thirds longer. Does nothing without `taskset` (Linux), or with
 * one core.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Processes of Vitest at once, as vitest.config.ts says. */
const WORKERS = 2;

/** Cores that a process may use, by number. */
function coresOf(pid: number): number[] {
  const [, list = ''] =
    /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

if (process.platform === 'linux') {
  const all = coresOf(process.ppid);
  const share = Math.floor(all.length / WORKERS);
  const at = ((Number(process.env.VITEST_POOL_ID ?? 1) - 1) % WORKERS) * share;
  const own = all.slice(at, at + share).join(',');
  // Files of a process share it, and the first one has set its cores.
  if (share > 0 && coresOf(process.pid).join(',') !== own) {
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', own, String(process.pid)]);
  }
}
