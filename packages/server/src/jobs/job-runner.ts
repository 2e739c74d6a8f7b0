/** Claims due jobs and runs their handlers, one after another. */
import { limits } from '../limits.ts';
import type { ClaimedJob, CommandBus, CommandContext, Commands } from '../registry/commands.ts';
import type { JobHandlers, JobKind } from './job-kinds.ts';

/** How often the table is asked: nothing that a client waits for is a job. */
const pollMs = 5000;
const claimMax = 8;
const retryBaseMs = 1000;
const retryMaxMs = 10 * 60_000;

/** One line for each job that ran. */
export interface JobLog {
  info(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface JobRunnerOptions {
  readonly bus: CommandBus;
  readonly handlers: JobHandlers;
  readonly log: JobLog;
  readonly newId: () => string;
  readonly now: () => number;
}

export class JobRunner implements AsyncDisposable {
  readonly #options: JobRunnerOptions;
  readonly #holder: string;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#holder = options.newId();
  }

  start(): void {
    this.#timer = setInterval(() => this.#wake(), pollMs);
    this.#timer.unref();
    this.#wake();
  }

  /** Runs what is due now, to its end. For whoever must not wait for the next poll. */
  async drain(): Promise<number> {
    const jobs = await this.#command('claimJobs', {
      holder: this.#holder,
      leaseMs: limits.jobLeaseMs,
      limit: claimMax,
    });
    for (const job of jobs) await this.#run(job);
    return jobs.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#running;
  }

  #wake(): void {
    this.#running = this.#running.then(async () => {
      if (this.#stop.signal.aborted) return;
      try {
        await this.drain();
      } catch (error) {
        this.#options.log.error({ err: error }, 'jobs could not be claimed');
      }
    });
  }

  async #run(job: ClaimedJob): Promise<void> {
    const { log, now } = this.#options;
    const startedAt = now();
    const fields = { kind: job.kind, key: job.key, attempts: job.attempts };
    try {
      const handler = this.#options.handlers[job.kind as JobKind];
      const again = await handler(JSON.parse(job.payload), this.#stop.signal);
      await this.#command('completeJob', {
        id: job.id,
        holder: this.#holder,
        again: again === null ? null : now() + again,
      });
      log.info({ ...fields, durationMs: now() - startedAt, outcome: 'done' }, 'job');
    } catch (error) {
      if (this.#stop.signal.aborted) {
        // The server stops: the job is put back as it was, for whoever starts next.
        await this.#command('completeJob', { id: job.id, holder: this.#holder, again: now() });
        log.info({ ...fields, durationMs: now() - startedAt, outcome: 'stopped' }, 'job');
        return;
      }
      const retryAt = now() + Math.min(retryMaxMs, retryBaseMs * 2 ** job.attempts);
      const text = error instanceof Error ? error.message : String(error);
      const failure = {
        id: job.id,
        holder: this.#holder,
        error: text,
        retryAt,
        attemptsMax: limits.jobAttemptsMax,
      };
      const { dead } = await this.#command('failJob', failure);
      log.error(
        { ...fields, durationMs: now() - startedAt, outcome: dead ? 'dead' : 'failed', err: error },
        'job',
      );
    }
  }

  #command: CommandOf = (name, input) => {
    const { bus, newId, now } = this.#options;
    return bus.execute(name, input, { lane: 'jobs', context: jobContext(newId, now) });
  };
}

type CommandOf = <N extends 'claimJobs' | 'completeJob' | 'failJob'>(
  name: N,
  input: Commands[N]['input'],
) => Promise<Commands[N]['output']>;

/** The context of what the server does by itself. */
export function jobContext(newId: () => string, now: () => number): CommandContext {
  return {
    commandId: newId(),
    newId: newId(),
    now: now(),
    principalId: '',
    principalName: 'cerulean',
    requestId: '',
    address: '',
    host: '',
    method: '',
    userAgent: '',
  };
}
