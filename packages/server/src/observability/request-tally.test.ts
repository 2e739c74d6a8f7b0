import { expect, test } from 'vitest';
import { metricsText } from './metrics.ts';
import { RequestTally } from './request-tally.ts';

const figures = { residentBytes: 1, cpuSeconds: 1, freeBytes: 1, servingThreads: 2, startedAtSeconds: 1 };
const request = { operation: 'oci.end-3', status: 200, durationMs: 0, bytesIn: 0, bytesOut: 0 };

function tallyOf(...durations: number[]): RequestTally {
  const tally = new RequestTally([0.1, 0.5]);
  for (const durationMs of durations) {
    tally.started();
    tally.finished({ ...request, durationMs, bytesIn: 3, bytesOut: 5 });
  }
  return tally;
}

const linesOf = async (...tallies: RequestTally[]): Promise<string[]> => {
  const text = await metricsText(
    tallies.map((tally) => tally.metrics()),
    figures,
  );
  return text.split('\n').filter((line) => line.startsWith('cerulean_re') || line.startsWith('cerulean_se'));
};

test('the figures of all threads are added up, in the Prometheus text format', async () => {
  const other = tallyOf(100);
  other.started();
  other.started();
  other.finished({ ...request, status: 404, durationMs: 300 });
  expect(await linesOf(tallyOf(50, 600, 7000), other)).toEqual([
    'cerulean_requests_total{operation="oci.end-3",status="200"} 4',
    'cerulean_requests_total{operation="oci.end-3",status="404"} 1',
    'cerulean_request_duration_seconds_bucket{le="0.1",operation="oci.end-3"} 2',
    'cerulean_request_duration_seconds_bucket{le="0.5",operation="oci.end-3"} 3',
    'cerulean_request_duration_seconds_bucket{le="+Inf",operation="oci.end-3"} 5',
    'cerulean_request_duration_seconds_sum{operation="oci.end-3"} 8.05',
    'cerulean_request_duration_seconds_count{operation="oci.end-3"} 5',
    'cerulean_received_bytes_total 12',
    'cerulean_sent_bytes_total 20',
    'cerulean_requests_running 1',
    'cerulean_serving_threads 2',
  ]);
});

test('an operation that nobody asked for has no figures', async () => {
  expect(await linesOf(new RequestTally([1]))).toEqual([
    'cerulean_received_bytes_total 0',
    'cerulean_sent_bytes_total 0',
    'cerulean_requests_running 0',
    'cerulean_serving_threads 2',
  ]);
});
