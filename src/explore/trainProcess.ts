/** A training in a process of its own, so that the page stays quick. */
import { type ChildProcess, fork } from 'node:child_process';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { workerUrl } from '../core/workers.ts';
import type { FromTraining, ToTraining, TrainTask } from './trainMessages.ts';

export interface TrainProcessOptions {
  readonly task: TrainTask;
  readonly reporter: Reporter;
  /** Called once the run has its first files. */
  onBegun(): void;
}

/** Characters of the process's last words that an error has. */
const LAST_WORDS = 2000;

/**
 * Trains in another process. The reporter's signal stops it with the run saved, and the result is
 * then `interrupted`.
 *
 * @throws LikenessError the error of the training, or `explore.trainingDied`
 */
export function trainInProcess({
  task,
  reporter,
  onBegun,
}: TrainProcessOptions): Promise<'finished' | 'interrupted'> {
  const { signal } = reporter;
  const child = fork(workerUrl(import.meta.url, './train.process'), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let lastWords = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  const stop = () => send(child, { kind: 'stop' });
  return new Promise<'finished' | 'interrupted'>((resolve, reject) => {
    signal.addEventListener('abort', stop);
    child.on('message', (message: FromTraining) => {
      switch (message.kind) {
        case 'ready':
          if (signal.aborted) child.disconnect();
          else send(child, { kind: 'train', task });
          break;
        case 'begun':
          onBegun();
          break;
        case 'progress': {
          const { stage, text, done, total } = message;
          reporter.progress({ stage, text, ...(done !== undefined && { done, total }) });
          break;
        }
        case 'ended':
          resolve(message.outcome);
          break;
        case 'failed':
          reject(new LikenessError(message.code, message.message));
      }
    });
    child.on('error', reject);
    child.on('exit', (code, ended) => {
      if (signal.aborted) return resolve('interrupted');
      const words = lastWords.trim().split('\n').at(-1) ?? '';
      const how = ended ?? `exit code ${code}`;
      reject(
        new LikenessError(
          'explore.trainingDied',
          `The process of the training ended with ${how}${words && `: ${words}`}. What was saved ` +
            'is kept. Resume the run.',
        ),
      );
    });
  }).finally(() => signal.removeEventListener('abort', stop));
}

function send(child: ChildProcess, message: ToTraining): void {
  if (child.connected) child.send(message, () => {});
}
