import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 100;

/** Waits until the expectation holds; throws what it threw last when it never does. */
export async function eventually(expectation: () => Promise<void>, withinMs = 20_000): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    try {
      return await expectation();
    } catch (error) {
      if (waitedMs >= withinMs) throw error;
      await sleep(pollMs);
    }
  }
}
