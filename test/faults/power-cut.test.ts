/**
 * T3. Proves that what was acknowledged lies on the disk: the power of a loop-mounted ext4 is cut without a flush, at
 * random moments under load, after each step between a request's first byte and its answer, and at any moment of the
 * very first start. A page cache that was never synced is gone then, which a kill can't show. Planted bugs: no sync of
 * objects, of commits, of a new root key. The folder's sync is shown by write-order.test.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPatchedSource } from '../process/patched-source.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';
import { cutPowerAtFirstStart } from './first-start-cuts.ts';
import { leavesCommitsUnsynced, leavesObjectsUnsynced, leavesRootKeyUnsynced } from './planted-bugs.ts';
import { cutPowerUnderLoad } from './power-cut-loop.ts';
import { report } from './report.ts';
import { cutPowerAtSteps, steps } from './step-crashes.ts';
import { enough, sized, testMsMax, withinCrashes } from './test-size.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await prepareDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

test(
  'a server whose power is cut under load keeps what it acknowledged',
  async () => {
    const survived = await cutPowerUnderLoad({ deployment, isDone: enough({ ci: 5, share: 0.3 }) });
    expect(survived.flaws).toEqual([]);
    report('T3', 'power cuts under load', survived);
  },
  testMsMax,
);

test(
  'a server whose power is cut after any step keeps what it acknowledged',
  async () => {
    // A removal that is lost leaves bytes that mean nothing.
    const cuts = steps.filter(({ syscall }) => syscall !== 'unlink');
    const survived = await cutPowerAtSteps({
      deployment,
      steps: cuts,
      eachMax: sized({ ci: 2, full: 40 }),
      stride: sized({ ci: 6, full: 1 }),
    });
    expect(survived.flaws).toEqual([]);
    expect([...survived.hits.keys()]).toEqual(cuts.map(({ role, syscall }) => `${role} ${syscall}`));
    report('T3', 'power cuts, each after a step of its own', survived);
  },
  testMsMax,
);

test(
  'a first start whose power is cut is made up for by the next',
  async () => {
    const survived = await cutPowerAtFirstStart({ isDone: enough({ ci: 6, share: 0.15 }) });
    expect(survived.flaws).toEqual([]);
    report('T3', 'power cuts during the very first start', survived);
  },
  testMsMax,
);

test.each([
  ['does not sync objects', leavesObjectsUnsynced],
  ['does not sync commits', leavesCommitsUnsynced],
])(
  'a server that %s is found out',
  async (_what, bug) => {
    const { flaws } = await withPatchedSource(bug, (project) =>
      cutPowerUnderLoad({ deployment, project, isDone: withinCrashes(8) }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);

test(
  'a server that does not sync its new root key is found out',
  async () => {
    const { flaws } = await withPatchedSource(leavesRootKeyUnsynced, (project) =>
      cutPowerAtFirstStart({ project, isDone: withinCrashes(20) }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);
