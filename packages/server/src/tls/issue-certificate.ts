import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from './address-bytes.ts';
import {
  bitString,
  boolean,
  type Der,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  taggedPrimitive,
  time,
  unsignedInteger,
  utf8String,
} from './der.ts';

/** One who signs: the common name and the EC key (P-256). */
export interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

interface Certificate {
  /** Common name. */
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly issuer: Issuer;
  readonly from: Date;
  readonly until: Date;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
}

const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

/** A certificate (RFC 5280) that signs others and nothing else, as PEM. */
export function issueAuthority(certificate: Certificate): string {
  return issue(certificate, [
    // cA TRUE, pathLenConstraint 0: it signs servers, no further authorities.
    extension('2.5.29.19', sequence(boolean(true), unsignedInteger(Uint8Array.of(0))), 'critical'),
    // keyCertSign (bit 5) and cRLSign (bit 6).
    extension('2.5.29.15', bitString(Uint8Array.of(0b0000_0110), 1), 'critical'),
    extension('2.5.29.14', octetString(keyIdentifier(certificate.publicKey))),
  ]);
}

/** A server's certificate for DNS names (also `*.domain`) and addresses, as PEM. */
export function issueServer(
  certificate: Certificate & { readonly alternativeNames: readonly string[] },
): string {
  return issue(certificate, [
    extension('2.5.29.19', sequence(), 'critical'),
    // digitalSignature (bit 0).
    extension('2.5.29.15', bitString(Uint8Array.of(0b1000_0000), 7), 'critical'),
    // Extended key usage: server authentication.
    extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...certificate.alternativeNames.map(generalName))),
    extension('2.5.29.14', octetString(keyIdentifier(certificate.publicKey))),
    extension(
      '2.5.29.35',
      sequence(taggedPrimitive(0, keyIdentifier(createPublicKey(certificate.issuer.key)))),
    ),
  ]);
}

function issue(certificate: Certificate, extensions: readonly Der[]): string {
  // TBSCertificate, in the order of RFC 5280, 4.1; version 2 means v3.
  const signed = sequence(
    tagged(0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(certificate.serial),
    ecdsaWithSha256,
    distinguishedName(certificate.issuer.name),
    sequence(time(certificate.from), time(certificate.until)),
    distinguishedName(certificate.name),
    subjectPublicKeyInfo(certificate.publicKey),
    tagged(3, sequence(...extensions)),
  );
  const signature = sign('sha256', signed, certificate.issuer.key);
  return toPem(sequence(signed, ecdsaWithSha256, bitString(signature)));
}

function distinguishedName(name: string): Der {
  const attribute = (type: string, text: string) => set(sequence(objectIdentifier(type), utf8String(text)));
  return sequence(attribute('2.5.4.10', 'Cerulean'), attribute('2.5.4.3', name));
}

function extension(type: string, value: Der, critical?: 'critical'): Der {
  const flags = critical === undefined ? [] : [boolean(true)];
  return sequence(objectIdentifier(type), ...flags, octetString(value));
}

function generalName(name: string): Der {
  return isIP(name) === 0
    ? taggedPrimitive(2, Buffer.from(name, 'ascii'))
    : taggedPrimitive(7, addressBytes(name));
}

/** Any hash that is the same for the same key will do (RFC 7093, method 1). */
function keyIdentifier(key: KeyObject): Der {
  return createHash('sha256').update(subjectPublicKeyInfo(key)).digest().subarray(0, 20);
}

function subjectPublicKeyInfo(key: KeyObject): Der {
  return key.export({ type: 'spki', format: 'der' });
}

function toPem(der: Der): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
