/**
 * T4. Proves that no failing system call leads to a false acknowledgement: the k-th sync, write, making or removing of
 * an object, the k-th write, sync or read of the database, fails with EIO, ENOSPC, EDQUOT, EMFILE or EINTR; so do the
 * syncs of a start after a kill and of the very first. The request that a call belongs to is not acknowledged, the
 * server refuses it and goes on, or ends itself where the database can't be trusted any more, and everything
 * acknowledged before and after is there. Then every write is a short one. Planted bugs: the server goes on after its
 * database failed, tries a failed sync again, takes a short write for a whole one, leaves its folder's sync to SQLite.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPatchedSource } from '../process/patched-source.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';
import { type FailingCall, failCalls, failingCalls } from './failing-calls.ts';
import { failFirstStarts, failRecoveringStarts } from './failing-starts.ts';
import {
  ignoresShortWrites,
  leavesFolderToSqlite,
  survivesFailedDatabase,
  triesFailedSyncAgain,
} from './planted-bugs.ts';
import { report } from './report.ts';
import { workWithShortWrites } from './short-writes.ts';
import { sized, testMsMax } from './test-size.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await prepareDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

test(
  'a call that fails is never acknowledged, and nothing else suffers',
  async () => {
    const survived = await failCalls({
      deployment,
      calls: failingCalls,
      faultsEachMax: sized({ ci: 1, full: 30 }),
      stride: 1,
    });
    expect(survived.flaws).toEqual([]);
    report('T4', 'failing system calls', survived);
  },
  testMsMax,
);

test(
  'a start whose sync fails ends, and the next one makes up for it',
  async () => {
    const lastSync = sized({ ci: 4, full: 40 });
    const recovering = await failRecoveringStarts({ deployment, lastSync });
    expect(recovering.flaws).toEqual([]);
    report('T4', 'failing syncs of a start after a kill', recovering);
    const first = await failFirstStarts({ lastSync });
    expect(first.flaws).toEqual([]);
    report('T4', 'failing syncs of a very first start', first);
  },
  testMsMax,
);

test(
  'writes that take only a part of the bytes are gone on with',
  async () => {
    const survived = await workWithShortWrites({ deployment, rounds: sized({ ci: 1, full: 20 }) });
    expect(survived.flaws).toEqual([]);
    report('T4', 'runs in which every write was a short one, each ended by a kill', survived);
  },
  testMsMax,
);

const failsOf = (role: FailingCall['role'], syscall: string): readonly FailingCall[] =>
  failingCalls.filter((call) => call.role === role && call.syscall === syscall && call.error === 'EIO');

test.each([
  ['goes on after its database failed', survivesFailedDatabase, failsOf('writer', 'fsync')],
  ['tries a failed sync again', triesFailedSyncAgain, failsOf('pool', 'fdatasync')],
])(
  'a server that %s is found out',
  async (_what, bug, calls) => {
    const { flaws } = await withPatchedSource(bug, (project) =>
      failCalls({ deployment, project, calls, faultsEachMax: 2, stride: 1 }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);

test(
  'a server that takes a short write for a whole one is found out',
  async () => {
    const { flaws } = await withPatchedSource(ignoresShortWrites, (project) =>
      workWithShortWrites({ deployment, project, rounds: 1 }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);

test(
  'a server that leaves the sync of its folder to SQLite alone is found out',
  async () => {
    // SQLite's own sync of the folder, after it has made the log, is the sixth of the writer's thread.
    const { flaws } = await withPatchedSource(leavesFolderToSqlite, (project) =>
      failFirstStarts({ project, firstSync: 6, lastSync: 6 }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);
