import { type Digest, explainDigest, parseDigest } from '@cerulean/oci/digest.ts';
import { parseReference, type Reference } from '@cerulean/oci/reference.ts';
import { RegistryError } from '../../errors.ts';
import type { Actor, RegistryPorts } from '../../registry/registry-ports.ts';
import type { Admission } from '../admission.ts';
import type { Exchange } from '../exchange.ts';
import type { Answer } from '../respond.ts';

/** What a handler of the distribution API works with. */
export interface Handling {
  readonly exchange: Exchange;
  readonly admission: Admission;
  readonly actor: Actor;
  readonly ports: RegistryPorts;
}

/** Takes an admitted request and answers it; it catches nothing, since errors have one translator. */
export type OciHandler = (handling: Handling) => Promise<Answer>;

/** Who asks, as commands and their events want to know it. */
export function actorOf(admission: Admission): Actor {
  const { principal } = admission.caller;
  return {
    registry: admission.registry,
    principalId: principal.id,
    principalName: principal.name,
    requestId: admission.requestId,
    address: admission.clientAddress,
    host: admission.host,
    method: admission.method,
    userAgent: admission.userAgent,
  };
}

/** @throws digest_invalid, saying what is wrong with it */
export function digestOrRefuse(text: string): Digest {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  throw new RegistryError('digest_invalid', explainDigest(text), { digest: text.slice(0, 160) });
}

/** @throws digest_invalid when it has a colon, else tag_invalid */
export function referenceOrRefuse(text: string): Reference {
  const reference = parseReference(text);
  if (reference !== undefined) return reference;
  if (text.includes(':'))
    throw new RegistryError('digest_invalid', explainDigest(text), { digest: text.slice(0, 160) });
  throw tagInvalid(text);
}

export const tagInvalid = (tag: string): RegistryError =>
  new RegistryError(
    'tag_invalid',
    'manifest tag did not match URI: a tag has 1 to 128 letters, digits, _ . or -, and begins with none of the last two',
    {
      tag: tag.slice(0, 160),
    },
  );
