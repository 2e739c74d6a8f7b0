/**
 * The serving threads, as main holds them: it hands them connections in turn, replaces one that dies, and collects
 * their metrics.
 */
import type { Socket } from 'node:net';
import { setTimeout as elapse } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../observability/logger.ts';
import type { MetricsSnapshot } from '../observability/metrics.ts';
import type { Door, ServingOrder, ServingReport, ServingThreadData } from './serving-protocol.ts';
import { servingMemory } from './thread-memory.ts';

/** How long main waits for a thread's figures; one that is busy is left out. */
const snapshotMs = 2000;
/** A thread that dies at once again and again is not worth a hot loop. */
const restartDelayMs = 500;
const takeBackRetryMs = 5;

export interface ServingThreadsOptions {
  readonly count: number;
  /** Data of the thread with this name, with a way to the writer of its own. Numbers count from 1. */
  readonly data: (name: string, number: number) => ServingThreadData;
  /** Takes back what a thread that has ended held of what is shared; false when it must be tried again. */
  readonly takeBackFrom: (number: number) => boolean;
  readonly metricsText: (snapshots: readonly MetricsSnapshot[]) => Promise<string>;
  readonly log: Logger;
}

interface Thread {
  readonly worker: Worker;
  readonly snapshots: Map<number, (snapshot: MetricsSnapshot) => void>;
  drained?: () => void;
}

export class ServingThreads {
  readonly #options: ServingThreadsOptions;
  readonly #threads = new Map<string, Thread>();
  #next = 0;
  #lastId = 0;
  #closing = false;

  private constructor(options: ServingThreadsOptions) {
    this.#options = options;
  }

  /** Starts all threads; resolves to the port that a thread listens on by itself, where that is how it is done. */
  static async start(
    options: ServingThreadsOptions,
  ): Promise<{ threads: ServingThreads; port: number | undefined }> {
    const threads = new ServingThreads(options);
    const numbers = Array.from({ length: options.count }, (_, index) => index + 1);
    const ports = await Promise.all(numbers.map((number) => threads.#startThread(number)));
    return { threads, port: ports[0] };
  }

  get running(): number {
    return this.#threads.size;
  }

  /** Hands a connection to the next thread. */
  handOver(socket: Socket, door: Door = 'main'): void {
    const all = [...this.#threads.values()];
    const thread = all[this.#next % Math.max(1, all.length)];
    this.#next += 1;
    if (thread === undefined) {
      socket.destroy();
      return;
    }
    const order: ServingOrder = { order: 'connection', socket, door };
    thread.worker.postMessage(order, [socket as unknown as import('node:worker_threads').Transferable]);
  }

  /** Gives every thread a renewed certificate, for connections from now on. */
  useCertificate({ cert, key }: { readonly cert: string; readonly key: string }): void {
    const order: ServingOrder = { order: 'certificate', cert, key };
    for (const { worker } of this.#threads.values()) worker.postMessage(order);
  }

  /** Lets running requests end within the time, then closes everything. */
  async drain(withinMs: number): Promise<void> {
    this.#closing = true;
    await Promise.all(
      [...this.#threads.values()].map(
        (thread) =>
          new Promise<void>((resolve) => {
            thread.drained = resolve;
            thread.worker.once('exit', () => resolve());
            const order: ServingOrder = { order: 'drain', withinMs };
            thread.worker.postMessage(order);
          }),
      ),
    );
    await Promise.all([...this.#threads.values()].map((thread) => thread.worker.terminate()));
  }

  #startThread(number: number): Promise<number | undefined> {
    const data = this.#options.data(nameOf(number), number);
    const worker = new Worker(new URL('./serving-thread.ts', import.meta.url), {
      workerData: data,
      resourceLimits: servingMemory,
      transferList: [data.writer],
    });
    const thread: Thread = { worker, snapshots: new Map() };
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(error);
      worker.once('error', failed);
      // Without effect once it is ready.
      worker.once('exit', (code) =>
        reject(new Error(`${nameOf(number)} ended with code ${code} as it started.`)),
      );
      worker.on('message', (report: ServingReport) => {
        if (report.report === 'failed')
          reject(Object.assign(new Error(report.message), { code: report.code }));
        else if (report.report === 'ready') {
          worker.off('error', failed);
          this.#adopt(number, thread);
          resolve(report.port);
        } else this.#take(thread, report);
      });
    });
  }

  /** From now on the thread gets connections, and is replaced when it dies. */
  #adopt(number: number, thread: Thread): void {
    const name = nameOf(number);
    this.#threads.set(name, thread);
    thread.worker.on('error', (error) =>
      this.#options.log.error({ err: error, name }, 'a serving thread failed'),
    );
    thread.worker.on('exit', (code) => {
      // A connection that is posted to a dead thread would hang: it leaves the table first.
      this.#threads.delete(name);
      if (this.#closing) return;
      this.#options.log.error(
        { name, code },
        'a serving thread ended; its requests failed, and another takes its place',
      );
      void this.#replace(number);
    });
  }

  /**
   * Its number goes to the new thread, so what the old one held is taken back first. What keeps a thread from starting
   * may pass (a key file that is not mounted at the moment), and a server must not go on with fewer for ever.
   */
  async #replace(number: number): Promise<void> {
    while (!this.#options.takeBackFrom(number)) await elapse(takeBackRetryMs);
    await elapse(restartDelayMs);
    if (this.#closing) return;
    try {
      await this.#startThread(number);
    } catch (error) {
      const name = nameOf(number);
      this.#options.log.fatal(
        { err: error, name },
        'a serving thread could not be replaced; it is tried again',
      );
      await this.#replace(number);
    }
  }

  #take(thread: Thread, report: Exclude<ServingReport, { report: 'ready' } | { report: 'failed' }>): void {
    switch (report.report) {
      case 'snapshot':
        thread.snapshots.get(report.id)?.(report.snapshot);
        break;
      case 'metrics-wanted':
        void this.#answerMetrics(thread, report.id);
        break;
      case 'drained':
        thread.drained?.();
        break;
    }
  }

  async #answerMetrics(thread: Thread, id: number): Promise<void> {
    const snapshots = await Promise.all([...this.#threads.values()].map((each) => this.#snapshotOf(each)));
    const order: ServingOrder = { order: 'metrics', id, text: await this.#options.metricsText(snapshots) };
    thread.worker.postMessage(order);
  }

  #snapshotOf(thread: Thread): Promise<MetricsSnapshot> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const finish = (snapshot: MetricsSnapshot): void => {
        clearTimeout(late);
        thread.snapshots.delete(id);
        resolve(snapshot);
      };
      const late = setTimeout(() => finish([]), snapshotMs);
      thread.snapshots.set(id, finish);
      const order: ServingOrder = { order: 'snapshot', id };
      thread.worker.postMessage(order);
    });
  }
}

const nameOf = (number: number): string => `serving-${number}`;
