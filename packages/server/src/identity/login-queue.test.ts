import { expect, test } from 'vitest';
import { createLoginQueue } from './login-queue.ts';

function held() {
  const ends: (() => void)[] = [];
  const state = { running: 0, most: 0 };
  const login = async () => {
    state.running += 1;
    state.most = Math.max(state.most, state.running);
    await new Promise<void>((resolve) => ends.push(resolve));
    state.running -= 1;
  };
  return { ends, state, login };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('no more run at once than are allowed, and all get their turn', async () => {
  const { ends, state, login } = held();
  const queue = createLoginQueue({ atOnceMax: 2, waitingMax: 10 });
  const logins = Array.from({ length: 5 }, () => queue.run(login));
  for (let ended = 0; ended < 5; ended += 1) {
    await settled();
    ends.shift()?.();
  }
  await Promise.all(logins);
  expect(state.most).toBe(2);
});

test('who would wait in a crowd is told to come back', async () => {
  const { ends, login } = held();
  const queue = createLoginQueue({ atOnceMax: 1, waitingMax: 1 });
  const logins = [queue.run(login), queue.run(login)];
  await expect(queue.run(login)).rejects.toMatchObject({
    code: 'too_many_requests',
    detail: { retryAfterSeconds: 1 },
  });
  await settled();
  ends.shift()?.();
  await settled();
  ends.shift()?.();
  await Promise.all(logins);
});

test('a login that fails gives its place back', async () => {
  const queue = createLoginQueue({ atOnceMax: 1, waitingMax: 0 });
  await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await queue.run(async () => 'in')).toBe('in');
});
