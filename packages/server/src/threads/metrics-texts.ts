import type { ServingReport } from './serving-protocol.ts';

/** Only main can collect the figures of all threads; a request for them waits here. */
export class MetricsTexts {
  readonly #waiting = new Map<number, (text: string) => void>();
  readonly #report: (message: ServingReport) => void;
  #lastId = 0;

  constructor(report: (message: ServingReport) => void) {
    this.#report = report;
  }

  ask(): Promise<string> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#report({ report: 'metrics-wanted', id });
    });
  }

  settle(id: number, text: string): void {
    this.#waiting.get(id)?.(text);
    this.#waiting.delete(id);
  }
}
