import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { WriterOrder, WriterReport } from '../storage/writer/writer-protocol.ts';
import type { WriterThreadData } from '../storage/writer/writer-thread.ts';
import { writerMemory } from './thread-memory.ts';

/** The writer's thread, as main holds it. */
export class WriterSupervisor {
  readonly #worker: Worker;
  #closing = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts the thread; resolves when the database is ready. @param died called when the thread ends unasked. */
  static async start(data: WriterThreadData, died: (why: string) => void): Promise<WriterSupervisor> {
    const worker = new Worker(new URL('../storage/writer/writer-thread.ts', import.meta.url), {
      workerData: data,
      resourceLimits: writerMemory,
    });
    const supervisor = new WriterSupervisor(worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (report: WriterReport) => {
        if (report.report !== 'failed') return resolve();
        reject(Object.assign(new Error(report.message), { name: report.name }));
      });
    });
    worker.on('error', (error) =>
      died(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    worker.on('exit', (code) => {
      if (!supervisor.#closing) died(`its thread ended with code ${code}`);
    });
    return supervisor;
  }

  /** A new way to the writer. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const order: WriterOrder = { order: 'serve', port: port1 };
    this.#worker.postMessage(order, [port1]);
    return port2;
  }

  /** Carries out what waits, closes the database, ends the thread. */
  async close(): Promise<void> {
    this.#closing = true;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    const order: WriterOrder = { order: 'close' };
    this.#worker.postMessage(order);
    await ended;
  }
}
