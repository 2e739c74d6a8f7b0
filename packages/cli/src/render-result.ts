import type {
  OperatorCredentials,
  OperatorRegistry,
  OperatorRepository,
  OperatorStatus,
} from '@cerulean/server/operator/protocol.ts';
import { renderFacts, renderRows } from './render-table.ts';

export function renderRegistries(registries: readonly OperatorRegistry[]): string {
  return renderRows(
    ['NAME', 'LOGIN SERVER', 'CREATED', 'REPOSITORIES', 'ANONYMOUS PULL', 'SPARSE MANIFESTS', 'DEFAULT'],
    registries.map((registry) => [
      registry.name,
      registry.loginServer,
      registry.createdAt,
      registry.repositories,
      registry.anonymousPull,
      registry.sparseManifests,
      registry.isDefault ? 'yes' : '',
    ]),
  );
}

export function renderRegistry(registry: OperatorRegistry): string {
  return renderFacts([
    ['Name', registry.name],
    ['Login server', registry.loginServer],
    ['Created', registry.createdAt],
    ['Tier', registry.sku],
    ['Default registry', registry.isDefault ? 'yes' : 'no'],
    ['Repositories', registry.repositories],
    ['Admin user', registry.adminUserEnabled],
    ['Role assignment mode', registry.roleAssignmentMode],
    ['Resource group', registry.resourceGroup],
    ['Anonymous pull', registry.anonymousPull],
    ['Sparse manifests', registry.sparseManifests],
  ]);
}

export function renderRepository(repository: OperatorRepository): string {
  return renderFacts([
    ['Registry', repository.registry],
    ['Repository', repository.name],
    ['Sparse manifests', repository.sparseManifests ?? 'as the registry has it'],
  ]);
}

export function renderCredentials(credentials: OperatorCredentials): string {
  return renderRows(
    ['USERNAME', 'NAME', 'PASSWORD'],
    credentials.passwords.map((password) => [credentials.username, password.name, password.value]),
  );
}

export function renderStatus(status: OperatorStatus): string {
  return renderFacts([
    ['Version', status.version],
    ['Process', status.pid],
    ['Started', status.startedAt],
    ['Address', status.address],
    ['Data folder', status.dataFolder],
    ['Encryption', status.encryption],
    ['Registries', status.registries],
    ['Serving threads', status.workers],
    ['Free disk space', `${(status.diskFreeBytes / 1024 ** 3).toFixed(1)} GiB`],
    ['Unfinished uploads', status.uploadsUnfinished],
  ]);
}
