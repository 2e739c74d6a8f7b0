import { mountBlob, unlinkBlob } from './blobs.ts';
import type { CommandBodies } from './command.ts';
import { setContentFlags } from './content-flags.ts';
import { deleteRepository } from './delete-repository.ts';
import { initialiseDeployment, putSystemKey, retireSystemKey } from './deployment.ts';
import {
  addRoleAssignment,
  changeMembership,
  createPrincipal,
  deletePrincipal,
  deleteRoleAssignment,
  enablePrincipal,
  ensureDirectory,
} from './directory.ts';
import { addIdentityBinding, deleteIdentityBinding } from './identity-bindings.ts';
import { claimJobs, completeJob, dropTrash, enqueueJob, failJob, listTrash } from './jobs.ts';
import { deleteManifest, deleteTag, putKnownManifest, putManifest } from './manifests.ts';
import { recordPulls } from './pulls.ts';
import {
  adoptVerifier,
  createRegistry,
  deleteRegistry,
  regenerateCredential,
  setRegistry,
  setRepository,
} from './registries.ts';
import { deleteRoleDefinition, putRoleDefinition } from './roles.ts';
import {
  addCertificate,
  addFederatedCredential,
  addSecret,
  deleteCertificate,
  deleteFederatedCredential,
  deleteSecret,
} from './secrets.ts';
import {
  beginRefreshFamily,
  deleteUserPassword,
  expireRefreshFamilies,
  rotateRefreshToken,
  setUserPassword,
} from './sign-ins.ts';
import { changeToken, createToken, deleteScopeMap, deleteToken, putScopeMap } from './tokens.ts';
import {
  addTrustedIssuer,
  admitSubject,
  deleteTrustedIssuer,
  enableTrustedIssuer,
} from './trusted-issuers.ts';
import { appendUpload, cancelUpload, expireUploads, finishUpload } from './uploads.ts';

/** Every command's body, by its name. */
export const commands: CommandBodies = {
  initialiseDeployment,
  createRegistry,
  setRegistry,
  deleteRegistry,
  setRepository,
  regenerateCredential,
  adoptVerifier,
  ensureDirectory,
  createPrincipal,
  enablePrincipal,
  deletePrincipal,
  changeMembership,
  addSecret,
  deleteSecret,
  addCertificate,
  deleteCertificate,
  addFederatedCredential,
  deleteFederatedCredential,
  addIdentityBinding,
  deleteIdentityBinding,
  setUserPassword,
  deleteUserPassword,
  beginRefreshFamily,
  rotateRefreshToken,
  expireRefreshFamilies,
  addTrustedIssuer,
  enableTrustedIssuer,
  deleteTrustedIssuer,
  admitSubject,
  addRoleAssignment,
  deleteRoleAssignment,
  putRoleDefinition,
  deleteRoleDefinition,
  putScopeMap,
  deleteScopeMap,
  createToken,
  changeToken,
  deleteToken,
  appendUpload,
  finishUpload,
  cancelUpload,
  mountBlob,
  unlinkBlob,
  putManifest,
  putKnownManifest,
  deleteManifest,
  deleteTag,
  setContentFlags,
  deleteRepository,
  recordPulls,
  putSystemKey,
  retireSystemKey,
  enqueueJob,
  claimJobs,
  completeJob,
  failJob,
  expireUploads,
  listTrash,
  dropTrash,
};
