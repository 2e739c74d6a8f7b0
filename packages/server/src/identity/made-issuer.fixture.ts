/** An OpenID Connect issuer made for a test: a real HTTP server on loopback, whose documents the test may spoil. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign } from 'jose';

/** A key of an issuer with its name. */
export interface MadeKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  /** As the key set shows it. */
  readonly jwk: object;
}

/** Answers in the place of a document. */
type Answer = (response: ServerResponse) => void;

export interface MadeIssuer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string;
  /** What the key set shows. */
  keys: readonly object[];
  /** Members of the discovery document that differ from what they should be. */
  discovery: object;
  /** Answers every request in the place of the documents, until it is taken away. */
  spoiled: Answer | undefined;
  /** The paths that were asked for, in order. */
  readonly asked: string[];
}

const discoveryPath = '/.well-known/openid-configuration';
export const keysPath = '/jwks';

export function makeKey(kid: string, alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256'): MadeKey {
  const { privateKey, publicKey } = pairOf(alg);
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } };
}

function pairOf(alg: 'ES256' | 'RS256' | 'EdDSA') {
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export async function startIssuer(...keys: readonly MadeKey[]): Promise<MadeIssuer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (issuer.spoiled !== undefined) return issuer.spoiled(response);
    if (request.url === keysPath) return answerJson(response, { keys: issuer.keys });
    const document = { issuer: issuer.url, jwks_uri: `${issuer.url}${keysPath}`, ...issuer.discovery };
    return answerJson(response, request.url === discoveryPath ? document : { error: 'not found' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer: MadeIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: keys.map(({ jwk }) => jwk),
    discovery: {},
    spoiled: undefined,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}

function answerJson(response: ServerResponse, document: object): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(document));
}

/** A token signed by this key, whatever its claims and header say. */
export function signToken(key: MadeKey, claims: object, header: object = {}): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  return new CompactSign(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey);
}

/** A token of these parts with whatever stands in the place of its signature. */
export function forgedToken(
  header: object,
  claims: object,
  signature: Uint8Array = new Uint8Array(),
): string {
  const parts = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return [...parts, Buffer.from(signature).toString('base64url')].join('.');
}
