import { randomBytes } from 'node:crypto';
import {
  deleteBlob,
  deleteManifest,
  deleteTag,
  finishUpload,
  mountBlob,
  pushBlob,
  pushImage,
  pushInChunks,
  putManifest,
} from './actions.ts';
import type { Driver } from './driver.ts';
import { type Place, present, registerName } from './registers.ts';
import { untilGone } from './workload.ts';

/** One client does everything that writes once, in the same order every time, until the server is gone. */
export async function workByScript(driver: Driver): Promise<void> {
  await untilGone(runScript(driver));
}

async function runScript(driver: Driver): Promise<void> {
  const app: Place = { registry: 'cerulean', repository: 'app' };
  const base: Place = { registry: 'second', repository: 'team/base' };
  for (const upload of driver.unfinished) await finishUpload(driver, upload);
  await pushImage(driver, app, { tag: 'latest', layers: [randomBytes(1_000), randomBytes(150_000)] });
  const bytes = randomBytes(120_000);
  const digest = await pushInChunks(driver, base, { bytes, endsBytes: [50_000, 110_000] });
  await mountBlob(driver, { ...base, repository: 'app' }, { from: base.repository, digest });
  await pushBlob(driver, base, bytes);
  await pushWrongDigest(driver, app);
  await pushImage(driver, base, { tag: 'v1', layers: [randomBytes(40_000)] });
  for (const place of [app, base]) {
    const manifest = driver.manifestsOf(place).at(-1);
    if (manifest === undefined) continue;
    await putManifest(driver, place, { tag: 'v2', manifest });
    await deleteTag(driver, place, 'v2');
  }
  const old = driver.manifestsOf(app)[0];
  if (old !== undefined && driver.manifestsOf(app).length > 3) await deleteManifest(driver, app, old.digest);
  await deleteBlob(driver, { ...base, repository: 'app' }, digest);
}

/** What is refused after its bytes are there: the object is removed again. */
async function pushWrongDigest(driver: Driver, place: Place): Promise<void> {
  const digest = `sha256:${'0'.repeat(64)}`;
  await driver.send({
    place,
    method: 'POST',
    path: `/v2/${place.repository}/blobs/uploads/?digest=${digest}`,
    body: randomBytes(70_000),
    effects: [{ register: registerName('blob', place, digest), value: present }],
    acknowledgedBy: 201,
  });
}
