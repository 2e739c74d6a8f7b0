/** The three listings of the distribution API, as things whose items can be made and removed. */
import fc from 'fast-check';
import { expectStatus, type RegistryClient, sha256 } from '../process/registry-client.ts';
import { type EmptyIndex, emptyIndex, putIndex } from './empty-index.ts';
import { repositoryNames, tagNames } from './listing-names.ts';

export interface Listing {
  /** Names of items before they are made; what a page shows of them, `shown` tells. */
  readonly names: fc.Arbitrary<string>;
  readonly path: string;
  readonly itemsOf: (body: unknown) => readonly string[];
  readonly shown: (name: string) => string;
  add(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}

const filler = emptyIndex({ purpose: 'to have something to list' });

async function removeManifest(client: RegistryClient, repository: string, reference: string): Promise<void> {
  const reply = await client.call(`/v2/${repository}/manifests/${reference}`, { method: 'DELETE' });
  expectStatus(reply, 202);
}

/** The tags of a repository that always has one more manifest. */
export async function tagListing(client: RegistryClient, repository: string): Promise<Listing> {
  await putIndex(client, repository, { reference: filler.digest, index: filler });
  return {
    names: tagNames,
    path: `/v2/${repository}/tags/list`,
    itemsOf: (body) => (body as { tags: string[] }).tags,
    shown: (name) => name,
    add: (name) => putIndex(client, repository, { reference: name, index: filler }),
    remove: (name) => removeManifest(client, repository, name),
  };
}

/** The repositories of a registry: those that hold a manifest. */
export function catalogListing(client: RegistryClient): Listing {
  return {
    names: repositoryNames,
    path: '/v2/_catalog',
    itemsOf: (body) => (body as { repositories: string[] }).repositories,
    shown: (name) => name,
    add: (name) => putIndex(client, name, { reference: 'v1', index: filler }),
    remove: (name) => removeManifest(client, name, filler.digest),
  };
}

/** What refers to a subject; its items are digests, so only chance puts them beside each other. */
export function referrerListing(client: RegistryClient, repository: string): Listing {
  const subject = { digest: sha256(repository), size: 10 };
  const referrer = (name: string): EmptyIndex => emptyIndex({ name }, subject);
  return {
    names: fc.integer({ min: 0, max: 200 }).map(String),
    path: `/v2/${repository}/referrers/${subject.digest}`,
    itemsOf: (body) => (body as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest),
    shown: (name) => referrer(name).digest,
    add: (name) => putIndex(client, repository, { reference: referrer(name).digest, index: referrer(name) }),
    remove: (name) => removeManifest(client, repository, referrer(name).digest),
  };
}
