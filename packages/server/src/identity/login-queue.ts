import { RegistryError } from '../errors.ts';

/** Runs costly logins a few at a time, and refuses what would wait in a crowd. */
export interface LoginQueue {
  /** Throws `too_many_requests` when too many wait already. */
  run<Result>(login: () => Promise<Result>): Promise<Result>;
}

export function createLoginQueue(bounds: {
  readonly atOnceMax: number;
  readonly waitingMax: number;
}): LoginQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running < bounds.atOnceMax) {
      running += 1;
      return;
    }
    if (waiting.length >= bounds.waitingMax)
      throw tooManyLogins('Too many logins are waiting; try again.', 1);
    // Whoever leaves hands his place over, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async run(login) {
      await turn();
      try {
        return await login();
      } finally {
        leave();
      }
    },
  };
}

/** A 429; `detail.retryAfterSeconds` becomes the Retry-After header. */
export function tooManyLogins(message: string, retryAfterSeconds: number): RegistryError {
  return new RegistryError('too_many_requests', message, { retryAfterSeconds });
}
