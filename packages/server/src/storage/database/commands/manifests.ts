/** Manifests and the tags that point at them. */
import { RegistryError } from '../../../errors.ts';
import type {
  CommandContext,
  PutKnownManifest,
  PutManifest,
  PutManifestResult,
} from '../../../registry/commands.ts';
import { refuseUndeletable, refuseUnwritable } from '../../../registry/content-flags.ts';
import { allowsSparseManifests } from '../../../registry/settings.ts';
import { contentFlags } from '../content-flag-rows.ts';
import type { Transaction } from '../queries.ts';
import { aParentOf, link, refuseWhileLockedParent } from './blobs.ts';
import { type CommandBody, nextHlc, type Outcome, touchedRepository } from './command.ts';
import {
  type LockedRepository,
  lockKnownRepository,
  lockOrMakeRepository,
  lockRegistry,
  lockRepository,
} from './locks.ts';
import * as sqlManifest from './manifest-statements.ts';
import {
  type CurrentTag,
  currentTags,
  holdsPrecondition,
  pointTags,
  removeTags,
  unknownTag,
} from './tags.ts';

/** Stores a manifest, its references as rows, and points tags at it. */
export const putManifest: CommandBody<'putManifest'> = async (tx, input, context) => {
  const registry = await lockRegistry(tx, input.registry);
  const repository = await lockOrMakeRepository(
    tx,
    { registry: input.registry, name: input.repositoryName },
    { newId: context.newId, now: context.now },
  );
  const key = { repository: repository.id, digest: input.digest };
  const existing = await tx.one(sqlManifest.lockManifest, key);
  const place = { repository, existing };
  const tags = await tagsToPoint(tx, place, input);
  const sparse = allowsSparseManifests(registry, repository.settings);
  const parts = await checkReferences(tx, { repository: repository.id, input, sparse });
  const hlc = nextHlc(context.now, ...tags.map((tag) => tag.hlc), existing?.hlc ?? 0);
  if (existing === undefined)
    await addManifest(tx, input, { ...key, ...parts, now: context.now, hlc, by: context.principalId });
  return endPut(tx, { input, place, tags, hlc }, context);
};

/** Points tags at a manifest that the repository has, as a push of the same bytes does; null where it has not. */
export const putKnownManifest: CommandBody<'putKnownManifest'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const repository = await lockRepository(tx, input.registry, input.repositoryName);
  if (repository === undefined) return { value: null };
  const key = { repository: repository.id, digest: input.digest };
  const existing = await tx.one(sqlManifest.lockManifest, key);
  if (existing === undefined) return { value: null };
  const place = { repository, existing };
  const tags = await tagsToPoint(tx, place, input);
  const hlc = nextHlc(context.now, ...tags.map((tag) => tag.hlc), existing.hlc);
  return endPut(tx, { input, place, tags, hlc }, context);
};

/** Where a manifest is put, and what is there already. */
interface PutPlace {
  readonly repository: LockedRepository;
  readonly existing: sqlManifest.LockedManifest | undefined;
}

/** The tags of a push as they stand. @throws operation_disallowed, precondition_failed */
async function tagsToPoint(
  tx: Transaction,
  { repository, existing }: PutPlace,
  input: PutKnownManifest,
): Promise<CurrentTag[]> {
  refuseUnwritable(repository.flags);
  const tags = await currentTags(tx, repository.id, input.tags);
  if (existing !== undefined) refuseUnwritable(contentFlags(existing));
  for (const tag of tags) refuseUnwritable(tag.flags);
  const current =
    input.tags.length > 0 ? tags.map((tag) => tag.digest) : [existing === undefined ? null : input.digest];
  holdsPrecondition(input.precondition, current);
  return tags;
}

/** Points the tags at the manifest, which is there by now, and tells of it. */
async function endPut(
  tx: Transaction,
  put: {
    readonly input: PutKnownManifest;
    readonly place: PutPlace;
    readonly tags: readonly CurrentTag[];
    readonly hlc: number;
  },
  { now, principalId: by }: CommandContext,
): Promise<Outcome<PutManifestResult>> {
  const { input, tags, hlc } = put;
  const { repository, existing } = put.place;
  const key = { repository: repository.id, digest: input.digest };
  const created = existing === undefined;
  if (!created) await tx.run(sqlManifest.touchManifest, { ...key, now, hlc });
  const added = await pointTags(tx, tags, { ...key, now, hlc, by });
  await tx.run(sqlManifest.countContent, {
    repository: repository.id,
    manifests: created ? 1 : 0,
    tags: added,
    bytes: created ? input.sizeBytes : 0,
    now,
  });
  const moved = tags.map((tag) => ({ name: tag.name, previousDigest: tag.digest }));
  return {
    value: { created, tags: moved },
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: 'manifest.put',
      repository,
      hlc,
      payload: { ...eventFacts(input), created, tags: moved },
    },
  };
}

/** What webhooks, audit and history tell of a manifest that was put. */
const eventFacts = (input: PutKnownManifest) => ({
  digest: input.digest,
  mediaType: input.mediaType,
  artifactType: input.artifactType,
  subject: input.subjectDigest,
  size: input.sizeBytes,
});

/** Removes a manifest and every tag that points at it. */
export const deleteManifest: CommandBody<'deleteManifest'> = async (tx, input, context) => {
  const registry = await lockRegistry(tx, input.registry);
  const repository = await lockKnownRepository(tx, input.registry, input.repositoryName);
  const key = { repository: repository.id, digest: input.digest };
  refuseUnwritable(repository.flags);
  const existing = await tx.one(sqlManifest.lockManifest, key);
  if (existing === undefined) throw sqlManifest.unknownManifest(input.digest, input.repositoryName);
  const tags = await tx.all(sqlManifest.tagsOf, key);
  refuseUndeletable(...[existing, ...tags].map(contentFlags));
  holdsPrecondition(input.precondition, [input.digest]);
  if (!allowsSparseManifests(registry, repository.settings)) await refuseWhileReferenced(tx, key);
  else await refuseWhileLockedParent(tx, key);
  const hlc = nextHlc(context.now, existing.hlc, ...tags.map((tag) => tag.hlc));
  await removeTags(tx, tags, { repository: repository.id, now: context.now, hlc });
  await tx.run(sqlManifest.removeReferences, { repository: repository.id, parent: input.digest });
  await tx.run(sqlManifest.removeManifest, key);
  await tx.run(sqlManifest.countContent, {
    repository: repository.id,
    manifests: -1,
    tags: -tags.length,
    bytes: -existing.size,
    now: context.now,
  });
  const names = tags.map((tag) => tag.name);
  return {
    value: { tags: names },
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: 'manifest.delete',
      repository,
      hlc,
      payload: { digest: input.digest, mediaType: existing.media_type, tags: names },
    },
  };
};

/** Removes a tag; the manifest stays. */
export const deleteTag: CommandBody<'deleteTag'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const repository = await lockKnownRepository(tx, input.registry, input.repositoryName);
  refuseUnwritable(repository.flags);
  const [tag] = await currentTags(tx, repository.id, [input.tag]);
  if (tag === undefined || tag.digest === null) {
    // A condition on what is not there fails as a condition: the client learns that somebody was faster.
    if (input.precondition !== null) holdsPrecondition(input.precondition, [null]);
    throw unknownTag(input.tag);
  }
  if (tag.flags !== undefined) refuseUndeletable(tag.flags);
  holdsPrecondition(input.precondition, [tag.digest]);
  const hlc = nextHlc(context.now, tag.hlc);
  await removeTags(tx, [{ name: tag.name, digest: tag.digest }], {
    repository: repository.id,
    now: context.now,
    hlc,
  });
  await tx.run(sqlManifest.countContent, {
    repository: repository.id,
    manifests: 0,
    tags: -1,
    bytes: 0,
    now: context.now,
  });
  return {
    value: { digest: tag.digest },
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: 'tag.delete',
      repository,
      hlc,
      payload: { tag: tag.name, digest: tag.digest },
    },
  };
};

async function refuseWhileReferenced(
  tx: Transaction,
  key: { repository: string; digest: string },
): Promise<void> {
  const parent = await tx.one(aParentOf, { repository: key.repository, child: key.digest });
  if (parent === undefined) return;
  throw new RegistryError(
    'manifest_referenced',
    `The index ${parent.parent} of this repository needs the manifest: delete that first.`,
    {
      digest: key.digest,
      index: parent.parent,
    },
  );
}

/** What the parts of a manifest say of it: how deep it nests, and how large it is with all of them. */
interface PartFacts {
  readonly indexDepth: number;
  readonly imageSizeBytes: number;
}

/** Everything that a manifest needs must be there, unless sparse manifests are let in. */
async function checkReferences(
  tx: Transaction,
  check: { readonly repository: string; readonly input: PutManifest; readonly sparse: boolean },
): Promise<PartFacts> {
  const missing: { digest: string; kind: string; mediaType: string }[] = [];
  let depth = 0;
  let imageSizeBytes = check.input.imageSizeBytes;
  for (const reference of check.input.references) {
    const key = { repository: check.repository, digest: reference.digest };
    if (reference.kind === 'child') {
      const child = await tx.one(sqlManifest.shareManifest, key);
      // The size of an index is that of its images: its descriptors give the sizes of their manifests only.
      if (child !== undefined) {
        depth = Math.max(depth, child.index_depth + 1);
        imageSizeBytes += child.image_size - reference.sizeBytes;
      } else missing.push({ digest: reference.digest, kind: 'manifest', mediaType: reference.mediaType });
    } else if (reference.required && (await tx.one(link, key)) === undefined) {
      missing.push({ digest: reference.digest, kind: 'blob', mediaType: reference.mediaType });
    }
  }
  if (missing.length > 0 && !check.sparse) throw missingParts(missing);
  if (depth > check.input.indexDepthMax) {
    throw new RegistryError(
      'manifest_invalid',
      `Indexes nest at most ${check.input.indexDepthMax} deep; this one would be ${depth}.`,
    );
  }
  return { indexDepth: depth, imageSizeBytes };
}

/** Names at most this many missing parts; the rest is counted. */
const missingNamedMax = 100;

function missingParts(
  missing: readonly { digest: string; kind: string; mediaType: string }[],
): RegistryError {
  const rest = missing.length > missingNamedMax ? ` and ${missing.length - missingNamedMax} more` : '';
  return new RegistryError(
    'manifest_parts_unknown',
    `The manifest needs ${missing.length} part(s) that this repository does not have; push them first${rest}.`,
    missing.slice(0, missingNamedMax),
  );
}

async function addManifest(
  tx: Transaction,
  input: PutManifest,
  stamp: {
    readonly repository: string;
    readonly now: number;
    readonly hlc: number;
    readonly by: string;
  } & PartFacts,
): Promise<void> {
  await tx.run(sqlManifest.addContent, {
    registry: input.registry,
    digest: input.digest,
    box: input.box,
    now: stamp.now,
  });
  await tx.run(sqlManifest.addManifest, {
    repository: stamp.repository,
    digest: input.digest,
    mediaType: input.mediaType,
    artifactType: input.artifactType,
    referrerArtifactType: input.referrerArtifactType,
    subject: input.subjectDigest,
    config: input.configDigest,
    configMediaType: input.configMediaType,
    annotations: input.hasAnnotations ? 1 : 0,
    size: input.sizeBytes,
    imageSize: stamp.imageSizeBytes,
    architecture: input.architecture,
    os: input.os,
    variant: input.variant,
    osVersion: input.osVersion,
    configCreated: input.configCreated,
    labelsBox: input.labelsBox,
    indexDepth: stamp.indexDepth,
    by: stamp.by,
    now: stamp.now,
    hlc: stamp.hlc,
  });
  for (const reference of input.references) {
    await tx.run(sqlManifest.addReference, {
      repository: stamp.repository,
      parent: input.digest,
      child: reference.digest,
      kind: reference.kind,
      mediaType: reference.mediaType,
      size: reference.sizeBytes,
      required: reference.required ? 1 : 0,
      platform: reference.platform,
    });
  }
}
