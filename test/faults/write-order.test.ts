/**
 * T3, the part that a power cut can't show. Proves the order of writing: no answer leaves before the object's bytes, the
 * object's name in its folder and the commit in the database's log are synced. Ext4's journal may carry a new name along
 * with another file's sync, so a cut can't show the folder's sync by itself; what was called before each answer shows
 * it. Planted bugs: no sync of names, of bytes, of commits.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPatchedSource } from '../process/patched-source.ts';
import { type Deployment, prepareDeployment } from './deployment.ts';
import { leavesCommitsUnsynced, leavesNamesUnsynced, leavesObjectsUnsynced } from './planted-bugs.ts';
import { testMsMax } from './test-size.ts';
import { watchWriteOrder } from './write-order.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await prepareDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

test(
  'an answer leaves when bytes, name and commit are synced, and not before',
  async () => {
    const { flaws, acknowledgements, objects } = await watchWriteOrder({ deployment });
    expect(flaws).toEqual([]);
    // The script makes objects of a layer, two chunks, a repeated blob, a refused one and one more layer.
    expect(objects).toBeGreaterThanOrEqual(6);
    expect(acknowledgements).toBeGreaterThanOrEqual(15);
  },
  testMsMax,
);

test.each([
  ['does not sync names', leavesNamesUnsynced, 'name of'],
  ['does not sync bytes', leavesObjectsUnsynced, 'bytes of'],
  ['does not sync commits', leavesCommitsUnsynced, 'log of'],
])(
  'a server that %s is found out',
  async (_what, bug, told) => {
    const { flaws } = await withPatchedSource(bug, (project) => watchWriteOrder({ deployment, project }));
    expect(flaws.join('\n')).toContain(told);
  },
  testMsMax,
);
