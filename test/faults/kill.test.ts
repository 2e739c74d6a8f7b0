/**
 * T1. Proves that nothing acknowledged is lost, nothing half done and nothing without its event when the server is
 * killed (SIGKILL) at random moments while eight clients push, tag, mount and delete. The page cache survives a kill,
 * so what this shows is the order of commit, event and answer; what reaches the disk is shown by the power cuts.
 * Planted bugs: an acknowledgement before the commit, an event after it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPatchedSource } from '../process/patched-source.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';
import { killUnderLoad } from './kill-loop.ts';
import { acknowledgesBeforeCommit, writesEventsLater } from './planted-bugs.ts';
import { report } from './report.ts';
import { enough, testMsMax, withinCrashes } from './test-size.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await prepareDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

test(
  'a server that is killed under load keeps what it acknowledged',
  async () => {
    const survived = await killUnderLoad({ deployment, isDone: enough({ ci: 6, share: 0.3 }) });
    expect(survived.flaws).toEqual([]);
    report('T1', 'kills at random moments', survived);
  },
  testMsMax,
);

test.each([
  ['acknowledges before it commits', acknowledgesBeforeCommit],
  ['writes an event after its change', writesEventsLater],
])(
  'a server that %s is found out',
  async (_what, bug) => {
    const { flaws } = await withPatchedSource(bug, (project) =>
      killUnderLoad({ deployment, project, isDone: withinCrashes(8) }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);
