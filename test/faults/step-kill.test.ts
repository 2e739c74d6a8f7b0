/**
 * T2. Proves that there is no step between a request's first byte and its answer at which a kill loses or halves
 * anything: SIGKILL from outside before the k-th making, writing, syncing and removing of an object, sync of a folder,
 * write and sync of the database's log, and write of an answer, for k = 1 and on until the work has no such step any
 * more. Planted bug: an acknowledgement before the commit.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPatchedSource } from '../process/patched-source.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';
import { acknowledgesBeforeCommit } from './planted-bugs.ts';
import { report } from './report.ts';
import { killAtSteps, steps } from './step-crashes.ts';
import { sized, testMsMax } from './test-size.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await prepareDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

test(
  'a server that is killed at any step keeps what it acknowledged',
  async () => {
    const survived = await killAtSteps({
      deployment,
      steps,
      eachMax: sized({ ci: 2, full: 60 }),
      stride: sized({ ci: 5, full: 1 }),
    });
    expect(survived.flaws).toEqual([]);
    // Each kind of step was met: otherwise the list would not fit the server any more.
    expect([...survived.hits.keys()]).toEqual(steps.map(({ role, syscall }) => `${role} ${syscall}`));
    report('T2', 'kills, each at a step of its own', survived);
  },
  testMsMax,
);

test(
  'a server that acknowledges before it commits is found out',
  async () => {
    const { flaws } = await withPatchedSource(acknowledgesBeforeCommit, (project) =>
      killAtSteps({
        deployment,
        project,
        steps: [{ role: 'writer', syscall: 'fsync' }],
        eachMax: 3,
        stride: 1,
      }),
    );
    expect(flaws).not.toEqual([]);
  },
  testMsMax,
);
