/**
 * What the operator's command and the running server say to each other over the control socket: newline-delimited
 * JSON, one request and one answer a connection. The command imports these types only, which are erased.
 */
import { type Static, Type } from 'typebox';
import type { RegistryErrorCode } from '../errors.ts';
import { registrySkus } from '../registry/tiers.ts';
import { type AccessResults, accessInputs } from './access-protocol.ts';

const RegistryName = Type.String({ minLength: 1, maxLength: 100 });
const exactly = { additionalProperties: false };
const Sku = Type.Enum([...registrySkus]);
const Named = Type.Object({ name: RegistryName }, exactly);

/** The input of every operation: a closed table, from which the types and the checks are made. */
export const operatorInputs = {
  'registry.create': Type.Object(
    {
      name: RegistryName,
      adminUserEnabled: Type.Optional(Type.Boolean()),
      resourceGroup: Type.Optional(Type.String({ minLength: 1, maxLength: 90 })),
      sku: Type.Optional(Sku),
    },
    exactly,
  ),
  'registry.list': Type.Object({}, exactly),
  'registry.show': Named,
  'registry.set': Type.Object(
    {
      name: RegistryName,
      anonymousPull: Type.Optional(Type.Boolean()),
      sparseManifests: Type.Optional(Type.Boolean()),
      adminUserEnabled: Type.Optional(Type.Boolean()),
      roleAssignmentMode: Type.Optional(
        Type.Enum(['LegacyRegistryPermissions', 'AbacRepositoryPermissions']),
      ),
      sku: Type.Optional(Sku),
    },
    exactly,
  ),
  /** `confirm` must be the name again; the server refuses before a handler is called if it is not. */
  'registry.delete': Type.Object({ name: RegistryName, confirm: Type.String({ maxLength: 100 }) }, exactly),
  'repository.set': Type.Object(
    {
      registry: RegistryName,
      name: Type.String({ minLength: 1, maxLength: 512 }),
      /** null: as the registry has it. */
      sparseManifests: Type.Union([Type.Boolean(), Type.Null()]),
    },
    exactly,
  ),
  'credentials.show': Named,
  'credentials.regenerate': Type.Object(
    { name: RegistryName, password: Type.Enum(['password', 'password2']) },
    exactly,
  ),
  status: Type.Object({}, exactly),
  ...accessInputs,
} as const;

export type OperatorOperation = keyof typeof operatorInputs;
export type OperatorInput<Operation extends OperatorOperation> = Static<(typeof operatorInputs)[Operation]>;

export interface OperatorRegistry {
  readonly name: string;
  readonly loginServer: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** The tier: Basic, Standard or Premium. */
  readonly sku: string;
  readonly anonymousPull: boolean;
  readonly sparseManifests: boolean;
  readonly adminUserEnabled: boolean;
  readonly roleAssignmentMode: string;
  readonly resourceGroup: string | null;
  readonly repositories: number;
  readonly isDefault: boolean;
}

export interface OperatorRepository {
  readonly registry: string;
  readonly name: string;
  readonly sparseManifests: boolean | null;
}

/** As ACR's listCredentials answers (Registries_ListCredentials). */
export interface OperatorCredentials {
  readonly username: string;
  readonly passwords: readonly { readonly name: 'password' | 'password2'; readonly value: string }[];
}

export interface OperatorStatus {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Where the server listens, as a URL. */
  readonly address: string;
  readonly dataFolder: string;
  readonly encryption: string;
  readonly registries: number;
  readonly workers: number;
  readonly diskFreeBytes: number;
  readonly uploadsUnfinished: number;
}

export interface OperatorResults extends AccessResults {
  'registry.create': OperatorRegistry;
  'registry.list': readonly OperatorRegistry[];
  'registry.show': OperatorRegistry;
  'registry.set': OperatorRegistry;
  'registry.delete': { readonly name: string; readonly deleted: true };
  'repository.set': OperatorRepository;
  'credentials.show': OperatorCredentials;
  'credentials.regenerate': OperatorCredentials;
  status: OperatorStatus;
}

export interface OperatorRequest<Operation extends OperatorOperation = OperatorOperation> {
  readonly operation: Operation;
  readonly input: OperatorInput<Operation>;
}

/** A refusal of the domain keeps its code; the others are of the socket itself. */
export type OperatorErrorCode = RegistryErrorCode | 'request_invalid' | 'timed_out' | 'internal';

export type OperatorAnswer<Operation extends OperatorOperation = OperatorOperation> =
  | { readonly result: OperatorResults[Operation] }
  | { readonly error: { readonly code: OperatorErrorCode; readonly message: string } };
