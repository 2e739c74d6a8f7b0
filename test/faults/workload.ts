import { randomBytes } from 'node:crypto';
import {
  attach,
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
import { registries, repositories } from './deployment.ts';
import { type Driver, ServerGone } from './driver.ts';
import type { Place } from './registers.ts';

const clientsAtOnce = 8;

/** Few tags, so that clients meet at them. */
const tags = ['latest', 'stable', 'v1', 'v2', 'v3', 'v4'];

/** Layers that every client pushes again and mounts: the same digest by many at once. */
const sharedLayers = Array.from({ length: 6 }, (_, index) => Buffer.alloc(2_000 + 30_000 * index, index + 1));

/**
 * Eight clients work at random until the server is gone or the signal says so, and what earlier servers did not let
 * finish is finished. Never rejects because the server is gone.
 */
export async function workAtRandom(driver: Driver, signal: AbortSignal): Promise<void> {
  const clients = Array.from({ length: clientsAtOnce }, () => untilGone(workAsOneClient(driver, signal)));
  await Promise.all([untilGone(finishInterrupted(driver, signal)), ...clients]);
}

async function workAsOneClient(driver: Driver, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await pickWeighted(work)(driver, pick(places));
}

async function finishInterrupted(driver: Driver, signal: AbortSignal): Promise<void> {
  for (const upload of driver.unfinished) if (!signal.aborted) await finishUpload(driver, upload);
}

/** Waits for work that ends when its server does. */
export async function untilGone(working: Promise<void>): Promise<void> {
  await working.catch((error: unknown) => {
    if (!(error instanceof ServerGone)) throw error;
  });
}

export const places: readonly Place[] = registries.flatMap((registry) =>
  repositories.map((repository) => ({ registry, repository })),
);

type Work = (driver: Driver, place: Place) => Promise<void>;

const work: readonly (readonly [weight: number, work: Work])[] = [
  [30, (driver, place) => pushImage(driver, place, { tag: pick(tags), layers: someLayers() })],
  [12, async (driver, place) => void (await pushInChunks(driver, place, chunkedContent()))],
  [18, retag],
  [10, (driver, place) => deleteTag(driver, place, pick(tags))],
  [8, (driver, place) => withManifest(driver, place, ({ digest }) => deleteManifest(driver, place, digest))],
  [8, pushAndDeleteBlob],
  [8, mountShared],
  [6, (driver, place) => withManifest(driver, place, (subject) => attach(driver, place, subject))],
];

/** A few bytes inline, sometimes a layer that becomes an object, sometimes one that others push too. */
function someLayers(): Uint8Array[] {
  const layers: Uint8Array[] = [randomBytes(between(200, 8_000))];
  if (Math.random() < 0.5) layers.push(randomBytes(between(100_000, 300_000)));
  if (Math.random() < 0.5) layers.push(pick(sharedLayers));
  return layers;
}

function chunkedContent() {
  const bytes = randomBytes(between(20_000, 200_000));
  const first = between(1_000, bytes.length - 2_000);
  return { bytes, endsBytes: [first, between(first + 1, bytes.length)] };
}

function retag(driver: Driver, place: Place): Promise<void> {
  return withManifest(driver, place, (manifest) => putManifest(driver, place, { tag: pick(tags), manifest }));
}

async function pushAndDeleteBlob(driver: Driver, place: Place): Promise<void> {
  const digest = await pushBlob(driver, place, randomBytes(between(100, 60_000)));
  await deleteBlob(driver, place, digest);
}

async function mountShared(driver: Driver, place: Place): Promise<void> {
  const bytes = pick(sharedLayers);
  const from = repositories.find((repository) => repository !== place.repository) ?? place.repository;
  const digest = await pushBlob(driver, { ...place, repository: from }, bytes);
  await mountBlob(driver, place, { from, digest });
}

async function withManifest(
  driver: Driver,
  place: Place,
  run: (manifest: { readonly digest: string; readonly text: string }) => Promise<void>,
): Promise<void> {
  const known = driver.manifestsOf(place);
  if (known.length > 0) await run(pick(known));
}

export const between = (least: number, most: number): number =>
  least + Math.floor(Math.random() * (most - least));

function pick<T>(values: readonly T[]): T {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error('There is nothing to pick from.');
  return value;
}

function pickWeighted(choices: readonly (readonly [weight: number, work: Work])[]): Work {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = Math.random() * total;
  for (const [weight, choice] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  throw new Error('There is nothing to pick from.');
}
