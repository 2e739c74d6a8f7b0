/** What is used of `@azure/identity` and `@azure/container-registry`, as their own declarations have it. */
export interface Sdk {
  readonly ClientSecretCredential: new (
    tenant: string,
    client: string,
    secret: string,
    options: object,
  ) => object;
  readonly ClientCertificateCredential: new (
    tenant: string,
    client: string,
    file: string,
    options: object,
  ) => object;
  readonly WorkloadIdentityCredential: new (options: object) => object;
  readonly ContainerRegistryClient: new (endpoint: string, credential: object, options: object) => Registry;
  readonly ContainerRegistryContentClient: new (
    endpoint: string,
    repository: string,
    credential: object,
    options: object,
  ) => Content;
}

/** What a program is told on its input; of the three proofs of a client it gets one. */
export interface Given {
  readonly endpoint: string;
  readonly authority: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly secret?: string;
  /** PEM, with certificate and key. */
  readonly certificateFile?: string;
  /** A token of another issuer, as a cluster lays it into its pods. */
  readonly tokenFile?: string;
  readonly repository: string;
  readonly work: 'everything' | 'login, read and write';
}

export interface Paged<T> extends AsyncIterable<T> {
  byPage(options: { readonly maxPageSize: number }): AsyncIterable<readonly T[]>;
}

export interface Flags {
  canDelete: boolean;
  canWrite: boolean;
  canList: boolean;
  canRead: boolean;
}

export interface Registry {
  listRepositoryNames(): Paged<string>;
  getRepository(name: string): Repository;
  getArtifact(name: string, reference: string): Artifact;
  deleteRepository(name: string): Promise<void>;
}

export interface Repository {
  getProperties(): Promise<
    Flags & {
      registryLoginServer: string;
      name: string;
      createdOn: Date;
      lastUpdatedOn: Date;
      manifestCount: number;
      tagCount: number;
    }
  >;
  updateProperties(changes: Flags): Promise<Flags>;
  listManifestProperties(options: object): Paged<{ digest: string }>;
  getArtifact(reference: string): Artifact;
  delete(): Promise<void>;
}

export interface Artifact {
  getManifestProperties(): Promise<
    Flags & {
      digest: string;
      tags: string[];
      architecture: string;
      operatingSystem: string;
      sizeInBytes: number;
      relatedArtifacts: object[];
    }
  >;
  updateManifestProperties(changes: Flags): Promise<Flags>;
  getTagProperties(
    tag: string,
  ): Promise<Flags & { registryLoginServer: string; repositoryName: string; name: string; digest: string }>;
  updateTagProperties(tag: string, changes: Flags): Promise<Flags>;
  listTagProperties(options?: object): Paged<{ name: string }>;
  deleteTag(tag: string): Promise<void>;
  delete(): Promise<void>;
}

export interface Content {
  uploadBlob(bytes: Buffer): Promise<{ digest: string; sizeInBytes: number }>;
  downloadBlob(digest: string): Promise<{ content: NodeJS.ReadableStream }>;
  deleteBlob(digest: string): Promise<void>;
  setManifest(manifest: object, options: object): Promise<{ digest: string }>;
  getManifest(
    reference: string,
  ): Promise<{ digest: string; mediaType: string; manifest: object; content: Uint8Array }>;
  deleteManifest(digest: string): Promise<void>;
}
