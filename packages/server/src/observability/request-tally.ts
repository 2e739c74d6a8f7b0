/** What a request reports when it is over. */
export interface FinishedRequest {
  readonly operation: string;
  readonly status: number;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What is counted of the requests of one operation. */
interface OperationTally {
  readonly byStatus: Map<number, number>;
  /** How many took no longer than each bound and longer than the one before; the last: longer than all. */
  readonly byDuration: number[];
  durationSeconds: number;
}

/**
 * Counts requests in plain numbers, and makes prom-client's form of them when somebody asks. Its own counters make a
 * text of the labels at each call, which was a tenth of a small answer.
 */
export class RequestTally {
  readonly #boundsSeconds: readonly number[];
  readonly #operations = new Map<string, OperationTally>();
  #running = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  /** @param boundsSeconds the histogram's buckets, ascending */
  constructor(boundsSeconds: readonly number[]) {
    this.#boundsSeconds = boundsSeconds;
  }

  started(): void {
    this.#running += 1;
  }

  finished({ operation, status, durationMs, bytesIn, bytesOut }: FinishedRequest): void {
    this.#running -= 1;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    const tally = this.#of(operation);
    tally.byStatus.set(status, (tally.byStatus.get(status) ?? 0) + 1);
    const seconds = durationMs / 1000;
    tally.durationSeconds += seconds;
    let bucket = 0;
    while (seconds > (this.#boundsSeconds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    tally.byDuration[bucket] = (tally.byDuration[bucket] ?? 0) + 1;
  }

  /** As a prom-client registry's `getMetricsAsJSON`. */
  metrics(): readonly object[] {
    const operations = [...this.#operations];
    return [
      counter(
        'cerulean_requests_total',
        'Requests by operation and status.',
        operations.flatMap(([operation, { byStatus }]) =>
          [...byStatus].map(([status, value]) => ({ value, labels: { operation, status: String(status) } })),
        ),
      ),
      {
        name: durationName,
        help: 'Time from the request line to the end of the answer.',
        type: 'histogram',
        aggregator: 'sum',
        values: operations.flatMap(([operation, tally]) => this.#histogram(operation, tally)),
      },
      counter('cerulean_received_bytes_total', 'Bytes of request bodies.', [
        { value: this.#bytesIn, labels: {} },
      ]),
      counter('cerulean_sent_bytes_total', 'Bytes of answers.', [{ value: this.#bytesOut, labels: {} }]),
      {
        name: 'cerulean_requests_running',
        help: 'Requests that are being served.',
        type: 'gauge',
        aggregator: 'sum',
        values: [{ value: this.#running, labels: {} }],
      },
    ];
  }

  #of(operation: string): OperationTally {
    const known = this.#operations.get(operation);
    if (known !== undefined) return known;
    const byDuration = [...this.#boundsSeconds, Number.POSITIVE_INFINITY].map(() => 0);
    const made = { byStatus: new Map<number, number>(), byDuration, durationSeconds: 0 };
    this.#operations.set(operation, made);
    return made;
  }

  /** Prometheus's buckets are cumulative. */
  #histogram(operation: string, { byDuration, durationSeconds }: OperationTally): object[] {
    let count = 0;
    const buckets = byDuration.map((here, index) => {
      count += here;
      const le = this.#boundsSeconds[index] ?? '+Inf';
      return { metricName: `${durationName}_bucket`, value: count, labels: { le, operation } };
    });
    const labels = { operation };
    return [
      ...buckets,
      { metricName: `${durationName}_sum`, value: durationSeconds, labels },
      { metricName: `${durationName}_count`, value: count, labels },
    ];
  }
}

const durationName = 'cerulean_request_duration_seconds';

const counter = (name: string, help: string, values: readonly object[]): object => ({
  name,
  help,
  type: 'counter',
  aggregator: 'sum',
  values,
});
