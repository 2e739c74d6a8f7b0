/** A thread that dies inside of the critical section, with the index half changed and a slot half filled. */
import { parentPort, workerData } from 'node:worker_threads';
import { cacheLayout, headWord } from './cache-layout.ts';
import { CacheLock } from './cache-lock.ts';
import { SlotTable } from './slot-table.ts';

const { buffer, thread, freeSlot } = workerData as {
  buffer: SharedArrayBuffer;
  thread: number;
  freeSlot: number;
};
const layout = cacheLayout(buffer);
if (!new CacheLock(layout.head, headWord.lock, thread).acquire()) throw new Error('The lock is taken.');
layout.index.fill(0, 0, layout.index.length / 2);
layout.index[layout.index.length - 1] = freeSlot + 1;
const slots = new SlotTable(layout);
slots.fill(freeSlot, thread, {
  blob: { words: [1, 2, 3, 4], sizeBytes: 10 },
  page: 0,
  lengthBytes: 10,
});
slots.pin(0, thread);
parentPort?.postMessage('holds the lock');
for (;;) {
  // Until it is terminated.
}
