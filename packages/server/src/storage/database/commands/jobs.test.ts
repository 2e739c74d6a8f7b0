import { expect, test } from 'vitest';
import { describeDialects, testId, testNow } from '../open-test-database.ts';

describeDialects('jobs', (open) => {
  test('a job of a kind and key waits once', async () => {
    await using database = await open();
    expect(await database.run('enqueueJob', job('1'))).toEqual({ enqueued: true });
    expect(await database.run('enqueueJob', job('2'))).toEqual({ enqueued: false });
  });

  test('many holders claim each job once, and a lease that is over is taken by another', async () => {
    await using database = await open();
    for (let index = 0; index < 40; index += 1)
      await database.run('enqueueJob', { ...job(`${100 + index}`), key: `${index}` });
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, holder) =>
        database.run('claimJobs', { holder: `h${holder}`, leaseMs: 1000, limit: 10 }),
      ),
    );
    const ids = claims.flat().map((claimed) => claimed.id);
    expect(new Set(ids).size).toBe(ids.length);
    const claim = { holder: 'late', leaseMs: 1000, limit: 100 };
    const rest = await database.run('claimJobs', claim);
    expect(ids.length + rest.length).toBe(40);
    expect(await database.run('claimJobs', { ...claim, holder: 'later' }, testNow + 1001)).toHaveLength(40);
  });

  test('only the holder ends a job; a periodic one comes back', async () => {
    await using database = await open();
    await database.run('enqueueJob', job('1'));
    await database.run('claimJobs', { holder: 'a', leaseMs: 1000, limit: 1 });
    expect(await database.run('completeJob', { id: testId('1'), holder: 'b', again: null })).toEqual({
      completed: false,
    });
    expect(await database.run('completeJob', { id: testId('1'), holder: 'a', again: testNow + 500 })).toEqual(
      { completed: true },
    );
    expect(await database.run('claimJobs', { holder: 'a', leaseMs: 1000, limit: 1 })).toEqual([]);
    expect(
      await database.run('claimJobs', { holder: 'a', leaseMs: 1000, limit: 1 }, testNow + 500),
    ).toMatchObject([{ attempts: 1 }]);
  });

  test('a job that fails comes back, and after the last attempt it is dead and visible', async () => {
    await using database = await open();
    await database.run('enqueueJob', job('1'));
    for (const dead of [false, true]) {
      await database.run('claimJobs', { holder: 'a', leaseMs: 1000, limit: 1 });
      const failure = { id: testId('1'), holder: 'a', error: 'no luck', retryAt: testNow, attemptsMax: 2 };
      expect(await database.run('failJob', failure)).toEqual({ dead });
    }
    expect(await database.run('claimJobs', { holder: 'a', leaseMs: 1000, limit: 1 })).toEqual([]);
    expect(await database.rows('select state, last_error from job')).toMatchObject([
      { state: 'dead', last_error: 'no luck' },
    ]);
  });
});

const job = (id: string) => ({ id: testId(id), kind: 'k', key: 'only', payload: '{}', runAt: testNow });
