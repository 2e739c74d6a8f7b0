import { createHash, randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { jobContext } from '@cerulean/server/jobs/job-runner.ts';
import type { PutManifest } from '@cerulean/server/registry/commands.ts';
import { defaultKeyFile, readKeyRing } from '@cerulean/server/sealing/key-ring-file.ts';
import { registryManifestSealer } from '@cerulean/server/sealing/registry-manifest-sealer.ts';
import { unsealedRegistryKeys } from '@cerulean/server/sealing/unsealed-registry-keys.ts';
import { sqlReader } from '@cerulean/server/storage/database/sql-reader.ts';
import { openSqliteWriter } from '@cerulean/server/storage/database/sqlite-database.ts';
import { GroupCommitter } from '@cerulean/server/storage/writer/group-commit.ts';
import { SharedEpochs } from '@cerulean/server/storage/writer/shared-epochs.ts';
import type { DataSetShape, Sample } from './data-set-shape.ts';

/** Commands on their way at once: a few groups, well below what the queue takes. */
const commandsAtOnce = 512;
const sampleMax = 4000;

/** What a seeded manifest is put with. */
interface Seeding {
  readonly bus: GroupCommitter;
  readonly registry: { readonly id: string; readonly keyNumber: number };
  readonly sealer: ReturnType<typeof registryManifestSealer>;
}

/**
 * Writes tags with random names, each on a manifest of its own, through the same commands as a push: the server must
 * not run. The parts of the manifests are not there: the registry is made one that lets sparse manifests in.
 */
export async function seedTags(dataFolder: string, shape: DataSetShape): Promise<Sample> {
  const connection = openSqliteWriter(join(dataFolder, 'cerulean.db'));
  try {
    // A seeding that is cut short is begun again, so nothing need be durable on the way; random names touch pages all
    // over, which are written once at the end instead of at each commit.
    connection.database.exec('pragma synchronous = off');
    connection.database.exec('pragma wal_autocheckpoint = 200000');
    connection.database.exec('pragma cache_size = -2000000');
    const reader = sqlReader(connection);
    const [registry] = await reader.listRegistries();
    if (registry === undefined) throw new Error('The data folder has no registry.');
    const keys = unsealedRegistryKeys(reader, await readKeyRing(defaultKeyFile(dataFolder)));
    const sealer = registryManifestSealer({ keys, encryption: 'aes-256-gcm', readUnencrypted: false });
    const bus = new GroupCommitter(connection, new SharedEpochs());
    const options = { lane: registry.id, context: context() };
    await bus.execute('setRegistry', { registry: registry.id, change: { sparseManifests: true } }, options);
    const sample = await putAll({ bus, registry, sealer }, shape);
    await bus.close();
    connection.database.exec('pragma synchronous = full');
    connection.database.exec('pragma wal_checkpoint(truncate)');
    return sample;
  } finally {
    connection.close();
  }
}

/** Tags go round the repositories, so that each table grows as it does in life: at random places. */
async function putAll(seeding: Seeding, shape: DataSetShape): Promise<Sample> {
  const repositories = Array.from({ length: shape.repositories }, () => `seeded/${randomName()}`);
  const tags: { repository: string; tag: string }[] = [];
  let next = 0;
  const putSome = async (): Promise<void> => {
    while (next < shape.tags) {
      const number = next;
      next += 1;
      const repository = repositories[number % repositories.length] ?? '';
      const tag = randomName();
      await putOne(seeding, { repository, tag, number });
      // Reservoir sampling: every tag has the same chance.
      const place = number < sampleMax ? number : randomInt(number + 1);
      if (place < sampleMax) tags[place] = { repository, tag };
    }
  };
  await Promise.all(Array.from({ length: commandsAtOnce }, putSome));
  return { tags: shuffled(tags), repositories: shuffled(repositories).slice(0, sampleMax) };
}

async function putOne(
  { bus, registry, sealer }: Seeding,
  one: { readonly repository: string; readonly tag: string; readonly number: number },
): Promise<void> {
  const { bytes, facts } = manifestOf(one.number);
  const digest = sha256(bytes);
  const box = await sealer.sealManifest(registry, digest, bytes);
  await bus.execute(
    'putManifest',
    {
      ...facts,
      registry: registry.id,
      repositoryName: one.repository,
      digest,
      tags: [one.tag],
      precondition: null,
      sizeBytes: bytes.length,
      box,
      indexDepthMax: 3,
    },
    { lane: registry.id, context: context() },
  );
}

type ManifestFacts = Omit<
  PutManifest,
  'registry' | 'repositoryName' | 'digest' | 'tags' | 'precondition' | 'sizeBytes' | 'box' | 'indexDepthMax'
>;

/** An image of a config and one layer, and what a push takes out of it. */
function manifestOf(number: number): { bytes: Buffer; facts: ManifestFacts } {
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: sha256(`config ${number}`),
    size: 1000,
  };
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: sha256(`layer ${number}`),
    size: 50_000_000,
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] }));
  const reference = (part: typeof config, kind: 'config' | 'layer') => ({
    digest: part.digest,
    kind,
    mediaType: part.mediaType,
    sizeBytes: part.size,
    required: true,
    platform: null,
  });
  const facts = {
    mediaType,
    artifactType: null,
    referrerArtifactType: config.mediaType,
    subjectDigest: null,
    configDigest: config.digest,
    configMediaType: config.mediaType,
    hasAnnotations: false,
    imageSizeBytes: config.size + layer.size,
    architecture: 'amd64',
    os: 'linux',
    variant: null,
    osVersion: null,
    configCreated: null,
    labelsBox: null,
    references: [reference(config, 'config'), reference(layer, 'layer')],
  };
  return { bytes, facts };
}

const context = () =>
  jobContext(
    () => randomBytes(16).toString('hex'),
    () => Date.now(),
  );
const sha256 = (body: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(body).digest('hex')}`;
const randomName = (): string => randomBytes(8).toString('hex');

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
