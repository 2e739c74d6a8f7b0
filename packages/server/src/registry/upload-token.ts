/**
 * The id of an upload: starting one writes nothing, so all that is known of it stands in its token.
 *
 *     01 | key version u32 | blob id 16 | algorithm u8 | expiry u48 (ms) | MAC 32        as base64url
 *
 * The MAC is HMAC-SHA-256 over those bytes and over the registry, the repository and the principal that it belongs to,
 * which the request must bring along again. So a token of somebody else, or for another repository, is no token at all.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isDigestAlgorithm } from '@cerulean/oci/digest.ts';
import { RegistryError } from '../errors.ts';
import type { UploadIdentity } from './commands.ts';

/** The system keys of this purpose. */
export interface UploadMac {
  current(): Promise<UploadMacKey>;
  byVersion(version: number): Promise<Uint8Array | undefined>;
}

export interface UploadMacKey {
  readonly version: number;
  readonly key: Uint8Array;
}

/** Whose an upload is: known from the request, never from the token. */
export interface UploadOwner {
  readonly registry: string;
  readonly repositoryName: string;
  readonly principal: string;
}

const formatVersion = 1;
const macAt = 28;
const tokenBytes = macAt + 32;
const algorithms = ['sha256', 'sha512'] as const;

/** The token of a new upload. `blob` and the ids are 32 hex digits. */
export function mintUploadToken(upload: UploadIdentity, mac: UploadMacKey): string {
  const token = Buffer.alloc(tokenBytes);
  token[0] = formatVersion;
  token.writeUInt32BE(mac.version, 1);
  token.write(upload.blob, 5, 'hex');
  token[21] = algorithmNumber(upload.algorithm);
  token.writeUIntBE(upload.expiresAt, 22, 6);
  token.set(macOf(token.subarray(0, macAt), upload, mac.key), macAt);
  return token.toString('base64url');
}

/** What the token says. @throws RegistryError `upload_unknown`, whatever is wrong with it: all reasons look the same. */
export async function readUploadToken(
  text: string,
  owner: UploadOwner,
  options: { mac: UploadMac; now: number },
): Promise<UploadIdentity> {
  const token = Buffer.from(text, 'base64url');
  if (token.length !== tokenBytes || token[0] !== formatVersion || token.toString('base64url') !== text)
    throw uploadUnknown();
  const key = await options.mac.byVersion(token.readUInt32BE(1));
  const algorithm = algorithms[(token[21] ?? 0) - 1];
  if (key === undefined || algorithm === undefined) throw uploadUnknown();
  const expected = macOf(token.subarray(0, macAt), owner, key);
  if (!timingSafeEqual(expected, token.subarray(macAt))) throw uploadUnknown();
  const expiresAt = token.readUIntBE(22, 6);
  if (expiresAt <= options.now) throw uploadUnknown();
  return {
    blob: token.toString('hex', 5, 21),
    algorithm,
    expiresAt,
    registry: owner.registry,
    repositoryName: owner.repositoryName,
    principal: owner.principal,
  };
}

/** The one answer to every token that is not good: forged, foreign, expired, finished or cancelled. */
export const uploadUnknown = (): RegistryError =>
  new RegistryError('upload_unknown', 'blob upload unknown to registry: start a new upload');

function macOf(head: Uint8Array, owner: UploadOwner, key: Uint8Array): Buffer {
  const mac = createHmac('sha256', key).update('cerulean upload\0').update(head);
  for (const part of [owner.registry, owner.repositoryName, owner.principal]) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    // With its length in front, no part can lend letters to its neighbour.
    mac.update(length).update(bytes);
  }
  return mac.digest();
}

function algorithmNumber(algorithm: string): number {
  if (!isDigestAlgorithm(algorithm)) throw new TypeError(`No algorithm of uploads: ${algorithm}`);
  return algorithms.indexOf(algorithm) + 1;
}
