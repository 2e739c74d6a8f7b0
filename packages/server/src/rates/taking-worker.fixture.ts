/** A thread that takes from one bucket as fast as it can, once all are there, and says how often it was let in. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Rate, SharedBuckets } from './shared-buckets.ts';

const { memory, rate, nowMs, tries, go } = workerData as {
  readonly memory: SharedArrayBuffer;
  readonly rate: Rate;
  readonly nowMs: number;
  readonly tries: number;
  readonly go: Int32Array;
};
const buckets = new SharedBuckets(memory);
parentPort?.postMessage('ready');
Atomics.wait(go, 0, 0);
let taken = 0;
for (let tried = 0; tried < tries; tried += 1)
  if (buckets.take(buckets.find(5, 5, nowMs), rate, nowMs) >= 0) taken += 1;
parentPort?.postMessage(taken);
