/**
 * The writes, each a named command: plain data in, plain data out.
 *
 * Terminology. A *command* is one transaction: it decides, changes rows and writes its event, or it refuses and
 * changes nothing. The *bus* carries it to whoever may write: the writer's thread over SQLite, a pooled connection
 * over PostgreSQL. Inputs and outputs cross threads, so they hold strings, numbers, booleans, null, Uint8Arrays
 * that own their whole buffer, arrays and plain objects, and nothing else.
 */
import type { AccessCommands } from './access-commands.ts';
import type { ContentFlags } from './content-flags.ts';
import type { ChangeableSettings, RegistrySettings, RepositorySettings } from './settings.ts';
import type { RegistrySku } from './tiers.ts';

/** Who caused a command, written into its event (design: webhooks, audit and history read it). */
export interface CommandContext {
  /** Unique in the event table: a command that is sent again has no second effect. 32 hex digits. */
  readonly commandId: string;
  /** For the one thing that a command may have to make on the way, a repository. 32 hex digits. */
  readonly newId: string;
  /** Milliseconds since the epoch, from the caller's clock. */
  readonly now: number;
  readonly principalId: string;
  readonly principalName: string;
  readonly requestId: string;
  readonly address: string;
  readonly host: string;
  readonly method: string;
  readonly userAgent: string;
}

/** One segment of a blob as its row holds it; `docs/format.md` has the meaning of each member. */
export interface SegmentFacts {
  readonly id: string;
  readonly startBytes: number;
  readonly lengthBytes: number;
  /** 0 none, 1 AES-256-GCM in STREAM. */
  readonly cipher: number;
  readonly inlineBox: Uint8Array | null;
  readonly object: string | null;
  readonly objectOffset: number | null;
  readonly keyBox: Uint8Array | null;
}

/** What an upload's token says of it; every later request must match. */
export interface UploadIdentity {
  /** The upload's id is the id that its blob will have. */
  readonly blob: string;
  readonly registry: string;
  readonly repositoryName: string;
  readonly principal: string;
  readonly algorithm: string;
  readonly expiresAt: number;
}

export interface AppendUpload extends UploadIdentity {
  readonly expectedOffsetBytes: number;
  readonly segments: readonly SegmentFacts[];
  readonly offsetBytes: number;
  /** Digest of all bytes up to the offset, or null when this process did not hash from the start. */
  readonly prefixDigest: string | null;
}

export interface FinishUpload extends UploadIdentity {
  readonly expectedOffsetBytes: number;
  readonly segments: readonly SegmentFacts[];
  readonly sizeBytes: number;
  /** Already verified by the caller over all bytes. */
  readonly digest: string;
}

export interface ManifestReferenceFacts {
  readonly digest: string;
  readonly kind: 'config' | 'layer' | 'child';
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** False for what need not be there: foreign layers. */
  readonly required: boolean;
  readonly platform: string | null;
}

/** A condition on the tags (or, without tags, on the digest) that a request names: If-Match, If-None-Match. */
export interface Precondition {
  /** Digests one of which must be current, or '*' for any. */
  readonly ifMatch: readonly string[] | '*' | null;
  /** True for `If-None-Match: *`: it must not exist yet. */
  readonly ifNoneMatchAny: boolean;
}

/** A push of a manifest that the repository has: its tags, and what its event tells. */
export interface PutKnownManifest {
  readonly registry: string;
  readonly repositoryName: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly precondition: Precondition | null;
  readonly mediaType: string;
  readonly artifactType: string | null;
  readonly subjectDigest: string | null;
  readonly sizeBytes: number;
}

export interface PutManifest extends PutKnownManifest {
  /** What a referrers listing shows as artifactType: the manifest's own, else the config's media type. */
  readonly referrerArtifactType: string | null;
  readonly configDigest: string | null;
  readonly configMediaType: string | null;
  readonly hasAnnotations: boolean;
  readonly imageSizeBytes: number;
  readonly architecture: string | null;
  readonly os: string | null;
  readonly variant: string | null;
  readonly osVersion: string | null;
  /** The config's `created`, as written there. */
  readonly configCreated: string | null;
  /** Sealed JSON of the config's labels, or null for none. */
  readonly labelsBox: Uint8Array | null;
  /** Sealed bytes of the manifest. */
  readonly box: Uint8Array;
  readonly references: readonly ManifestReferenceFacts[];
  /** The deepest chain of indexes below this manifest may not exceed this many levels. */
  readonly indexDepthMax: number;
}

export interface PutManifestResult {
  readonly created: boolean;
  readonly tags: readonly { readonly name: string; readonly previousDigest: string | null }[];
}

/** A repository, or a tag or a manifest of it. */
export type FlaggedContent =
  | { readonly kind: 'repository' }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'manifest'; readonly digest: string };

/** Pulls of one manifest since they were last recorded. */
export interface PullsOfManifest {
  readonly repositoryName: string;
  readonly digest: string;
  /** 0 when only tags were resolved. */
  readonly count: number;
  /** The last one of them, milliseconds since the epoch. */
  readonly at: number;
}

/** Pulls by one tag since they were last recorded. */
export interface PullsByTag extends Omit<PullsOfManifest, 'digest'> {
  readonly tag: string;
}

export interface NewCredential {
  readonly id: string;
  readonly name: 'password' | 'password2';
  readonly sealedBox: Uint8Array;
  readonly verifierKind: 'hmac' | 'scrypt';
  readonly verifierVersion: number;
  readonly verifier: Uint8Array;
}

export interface NewRegistry {
  readonly id: string;
  readonly name: string;
  readonly settings: RegistrySettings;
  readonly keyNumber: number;
  readonly keyBox: Uint8Array;
  /** The first subscription's; undefined is `defaultResourceGroup`. */
  readonly resourceGroup?: string;
  /** Undefined is `defaultSku`. */
  readonly sku?: RegistrySku;
  readonly admin: { readonly principal: string; readonly credentials: readonly NewCredential[] };
}

export interface NewSystemKey {
  readonly purpose: number;
  readonly version: number;
  readonly box: Uint8Array;
}

export interface NewJob {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly payload: string;
  readonly runAt: number;
}

export interface ClaimedJob extends NewJob {
  readonly attempts: number;
}

/** Every command, by name. `event` commands write an event; `rights` commands move the rights epoch. */
export interface Commands extends AccessCommands {
  /** The first transaction of a new database: key number and fingerprint, system keys, the default registry, jobs. */
  initialiseDeployment: {
    input: {
      readonly incarnation: string;
      readonly origin: string;
      readonly rootKeyNumber: number;
      readonly rootKeyFingerprint: string;
      readonly systemKeys: readonly NewSystemKey[];
      readonly registry: NewRegistry;
      readonly jobs: readonly NewJob[];
    };
    output: { readonly created: boolean };
  };
  createRegistry: { input: NewRegistry; output: Record<string, never> };
  setRegistry: {
    input: {
      readonly registry: string;
      readonly change: Partial<ChangeableSettings>;
      /** Undefined leaves it as it is. */
      readonly sku?: RegistrySku;
    };
    output: RegistrySettings;
  };
  deleteRegistry: { input: { readonly registry: string }; output: Record<string, never> };
  setRepository: {
    input: {
      readonly registry: string;
      readonly repositoryName: string;
      readonly settings: RepositorySettings;
    };
    output: Record<string, never>;
  };
  regenerateCredential: {
    input: { readonly registry: string; readonly principal: string; readonly credential: NewCredential };
    output: Record<string, never>;
  };
  /** A login proved the password: its verifier moves to a newer key without a change of the password. */
  adoptVerifier: {
    input: {
      readonly credential: string;
      readonly fromVersion: number;
      readonly toVersion: number;
      readonly verifier: Uint8Array;
    };
    output: { readonly adopted: boolean };
  };
  appendUpload: { input: AppendUpload; output: { readonly offsetBytes: number } };
  finishUpload: { input: FinishUpload; output: { readonly blob: string; readonly deduplicated: boolean } };
  cancelUpload: { input: UploadIdentity; output: { readonly cancelled: boolean } };
  /** Links a blob that the repository `from` of the same registry links; the caller has checked the right to read there. */
  mountBlob: {
    input: {
      readonly registry: string;
      readonly repositoryName: string;
      readonly digest: string;
      readonly from: string;
    };
    output: { readonly mounted: boolean };
  };
  unlinkBlob: {
    input: { readonly registry: string; readonly repositoryName: string; readonly digest: string };
    output: Record<string, never>;
  };
  putManifest: { input: PutManifest; output: PutManifestResult };
  /** Null, and nothing is changed, where the repository does not have the manifest. */
  putKnownManifest: { input: PutKnownManifest; output: PutManifestResult | null };
  deleteManifest: {
    input: {
      readonly registry: string;
      readonly repositoryName: string;
      readonly digest: string;
      readonly precondition: Precondition | null;
    };
    output: { readonly tags: readonly string[] };
  };
  deleteTag: {
    input: {
      readonly registry: string;
      readonly repositoryName: string;
      readonly tag: string;
      readonly precondition: Precondition | null;
    };
    output: { readonly digest: string };
  };
  /** Changes some of the four flags; answers all of them. */
  setContentFlags: {
    input: {
      readonly registry: string;
      readonly repositoryName: string;
      readonly content: FlaggedContent;
      readonly change: Partial<ContentFlags>;
    };
    output: ContentFlags;
  };
  /** Takes a repository away with all that is in it; refused while anything in it may not be deleted. */
  deleteRepository: {
    input: { readonly registry: string; readonly repositoryName: string };
    output: { readonly manifests: readonly string[]; readonly tags: readonly string[] };
  };
  /** Adds to the figures of pulls. What is not there any more is passed over. */
  recordPulls: {
    input: {
      readonly registry: string;
      readonly manifests: readonly PullsOfManifest[];
      readonly tags: readonly PullsByTag[];
    };
    output: Record<string, never>;
  };
  putSystemKey: { input: NewSystemKey; output: { readonly stored: boolean } };
  retireSystemKey: {
    input: { readonly purpose: number; readonly version: number };
    output: Record<string, never>;
  };
  enqueueJob: { input: NewJob; output: { readonly enqueued: boolean } };
  claimJobs: {
    input: { readonly holder: string; readonly leaseMs: number; readonly limit: number };
    output: readonly ClaimedJob[];
  };
  /** Ends a claimed job; with `again`, it is put back to run at that time (periodic jobs). */
  completeJob: {
    input: { readonly id: string; readonly holder: string; readonly again: number | null };
    output: { readonly completed: boolean };
  };
  failJob: {
    input: {
      readonly id: string;
      readonly holder: string;
      readonly error: string;
      readonly retryAt: number;
      readonly attemptsMax: number;
    };
    output: { readonly dead: boolean };
  };
  /** Removes a batch of uploads whose time is over, their segments too; their objects go to the trash. */
  expireUploads: { input: { readonly limit: number }; output: { readonly expired: number } };
  /** Objects that no row needs any more. */
  listTrash: { input: { readonly limit: number }; output: readonly string[] };
  dropTrash: { input: { readonly objects: readonly string[] }; output: Record<string, never> };
}

export type CommandName = keyof Commands;

/** Carries commands to the writer. */
export interface CommandBus {
  /**
   * Resolves once the command's transaction is durable. Rejects with the command's own RegistryError,
   * with `overloaded` when the queue is full, or with a StorageFailure whose outcome may be unknown.
   * @param lane the registry's id: the queue is fair by lane.
   */
  execute<N extends CommandName>(
    name: N,
    input: Commands[N]['input'],
    options: { readonly lane: string; readonly context: CommandContext },
  ): Promise<Commands[N]['output']>;
}
