import { join } from 'node:path';
import { sourceVersion } from './source-version.ts';

/**
 * The programs of others that the tests need beyond `npm ci`, by package name and version.
 * Debian's packages keep the version of the Debian release: `version` says which line the tests were made with.
 */
export type Tool = DebianTool | GoTool | GoSource | PythonTool | NpmTool | MavenTool;

export interface DebianTool {
  readonly from: 'debian';
  readonly package: string;
  readonly version: string;
  /** Commands or absolute paths that the package brings; it counts as installed when all are there. */
  readonly commands: readonly string[];
}

export interface GoTool {
  readonly from: 'go';
  /** The import path of the main package. */
  readonly package: string;
  readonly version: string;
  /**
   * `install` builds with `go install package@version`; `scratch-module` where that is refused or can't be
   * pinned: the package is required by a module made for it alone.
   */
  readonly build: 'install' | 'scratch-module';
}

/** A program whose source lies here, of use only with the libraries that its go.mod names. */
export interface GoSource {
  readonly from: 'go-source';
  /** Absolute. */
  readonly folder: string;
  readonly program: string;
  readonly version: string;
}

/** Libraries that a script here is run with. */
export interface NpmTool {
  readonly from: 'npm';
  /** Each with its exact version. */
  readonly packages: Readonly<Record<string, string>>;
  readonly version: string;
}

/** A program that comes as a zip file and runs on Java. */
export interface MavenTool {
  readonly from: 'maven';
  /** Group and name. */
  readonly package: string;
  readonly version: string;
  /** The script that runs it, in the folder that was unpacked. */
  readonly program: string;
  /** Arguments of the script for what it does once, after it was unpacked. */
  readonly prepare: readonly string[];
}

export interface PythonTool {
  readonly from: 'python';
  /** Requirements as pip reads them, installed in a virtual environment of their own. */
  readonly requirements: readonly string[];
  readonly version: string;
}

const debian = (name: string, version: string, commands: readonly string[]): DebianTool => ({
  from: 'debian',
  package: name,
  version,
  commands,
});

const go = (name: string, version: string, build: GoTool['build'] = 'install'): GoTool => ({
  from: 'go',
  package: name,
  version,
  build,
});

const goSource = (folder: string, program: string): GoSource => ({
  from: 'go-source',
  folder,
  program,
  version: sourceVersion(folder),
});

export const tools = {
  iproute2: debian('iproute2', '6.1', ['ip']),
  busybox: debian('busybox-static', '1.35', ['busybox']),
  skopeo: debian('skopeo', '1.9', ['skopeo']),
  podman: debian('podman', '4.3', ['podman']),
  buildah: debian('buildah', '1.28', ['buildah']),
  runc: debian('runc', '1.1', ['runc']),
  containerd: debian('containerd', '1.6', ['containerd', 'ctr']),
  docker: debian('docker.io', '20.10', ['dockerd', 'docker']),
  postgres: debian('postgresql-15', '15', [
    '/usr/lib/postgresql/15/bin/initdb',
    '/usr/lib/postgresql/15/bin/postgres',
  ]),
  strace: debian('strace', '6.1', ['strace']),
  e2fsprogs: debian('e2fsprogs', '1.47', ['mkfs.ext4']),
  gcc: debian('gcc', '12.2', ['gcc']),
  'libc6-dev': debian('libc6-dev', '2.36', ['/usr/include/dlfcn.h', '/usr/include/unistd.h']),
  python: { from: 'python', requirements: ['cryptography==50.0.2'], version: '50.0.2' },
  java: debian('openjdk-17-jre-headless', '17', ['java']),
  maven: debian('maven', '3.8', ['mvn']),
  keycloak: {
    from: 'maven',
    package: 'org.keycloak:keycloak-quarkus-dist',
    version: '26.7.3',
    program: 'keycloak-26.7.3/bin/kc.sh',
    prepare: ['build', '--db=dev-mem', '--cache=local'],
  },
  azureNode: {
    from: 'npm',
    packages: { '@azure/identity': '4.13.1', '@azure/container-registry': '1.1.2' },
    version: '4.13.1-1.1.2',
  },
  azurePython: {
    from: 'python',
    requirements: ['azure-identity==1.27.0', 'azure-containerregistry==1.2.0'],
    version: '1.27.0-1.2.0',
  },
  /** Azure's own command, `az`: its libraries are many, so it has an environment of its own. */
  azureCli: { from: 'python', requirements: ['azure-cli==2.91.0'], version: '2.91.0' },
  azureGo: goSource(join(import.meta.dirname, '..', 'clients', 'azure', 'anonymous-go'), 'anonymous-go'),
  azureGoOperations: goSource(
    join(import.meta.dirname, '..', 'clients', 'azure', 'operations-go'),
    'operations-go',
  ),
  conformance: go(
    'github.com/opencontainers/distribution-spec/conformance',
    'v0.0.0-20260831232431-97274622c111',
    'scratch-module',
  ),
  toxiproxy: go('github.com/Shopify/toxiproxy/v2/cmd/server', 'v2.5.0'),
  crane: go('github.com/google/go-containerregistry/cmd/crane', 'v0.22.1'),
  oras: go('oras.land/oras/cmd/oras', 'v1.3.6'),
  regctl: go('github.com/regclient/regclient/cmd/regctl', 'v0.11.7'),
  opa: go('github.com/open-policy-agent/opa', 'v1.22.2'),
  helm: go('helm.sh/helm/v3/cmd/helm', 'v3.22.0'),
  distribution: go('github.com/distribution/distribution/v3/cmd/registry', 'v3.1.2'),
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

export const toolNames = Object.keys(tools) as readonly ToolName[];

/** What `npm run test:all` needs: all but the other registries that Cerulean is measured against. */
export const testToolNames = toolNames.filter((name) => name !== 'distribution');

/** What the tests in test/clients need. */
export const clientToolNames: readonly ToolName[] = [
  'iproute2',
  'busybox',
  'runc',
  'docker',
  'containerd',
  'podman',
  'buildah',
  'skopeo',
  'crane',
  'oras',
  'regctl',
  'helm',
  'opa',
  'azureNode',
  'azurePython',
  'azureCli',
  'azureGo',
  'azureGoOperations',
  'java',
  'maven',
  'keycloak',
];
