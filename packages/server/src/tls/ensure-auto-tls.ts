import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { addressBytes } from './address-bytes.ts';
import { type Issuer, issueAuthority, issueServer } from './issue-certificate.ts';

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 10 * 365;
/** Apple's platforms refuse what is valid for more than 825 days, browsers what a public authority may not do. */
const serverDays = 397;
const renewDays = 30;
/** Other machines' clocks may be behind. */
const backdatedMs = 60 * 60 * 1000;

/** What a TLS server needs, and what a newcomer must trust. */
export interface AutoTls {
  /** The server's certificate, followed by the authority's. */
  readonly certPem: string;
  readonly keyPem: string;
  readonly caFile: string;
  /** True if the authority was made just now, so that nobody trusts it yet. */
  readonly caIsNew: boolean;
  /** When to call again for a new certificate, if the server still runs then. */
  readonly renewAt: Date;
}

interface Identity {
  readonly certificate: X509Certificate;
  readonly certPem: string;
  readonly key: KeyObject;
  readonly keyPem: string;
}

/**
 * Makes an own authority once, and a server certificate for the names (DNS names, `*.domain`, addresses) whenever
 * there is none, the names have changed, or it ends within 30 days. The caller holds the data folder's guard.
 * Throws if files are there that are not readable as what they should be, rather than replace an authority that
 * people trust.
 */
export async function ensureAutoTls(options: {
  folder: string;
  names: readonly string[];
  now: Date;
}): Promise<AutoTls> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const known = await load(options.folder, 'ca');
  const usable = known !== undefined && daysLeft(known.certificate, options.now) > renewDays;
  const authority = usable ? known : await makeAuthority(options);
  const current = await load(options.folder, 'server');
  const server =
    current !== undefined && serves(current.certificate, authority, options)
      ? current
      : await makeServer(authority, options);
  return {
    certPem: server.certPem + authority.certPem,
    keyPem: server.keyPem,
    caFile: join(options.folder, 'ca.pem'),
    caIsNew: !usable,
    renewAt: new Date(server.certificate.validToDate.getTime() - renewDays * dayMs),
  };
}

type Need = { readonly folder: string; readonly names: readonly string[]; readonly now: Date };

async function makeAuthority({ folder, now }: Need): Promise<Identity> {
  const { publicKey, privateKey } = newKeyPair();
  // A name of its own: two authorities of one name would be taken for each other in a trust store.
  const name = `Cerulean authority ${randomBytes(4).toString('hex')}`;
  const certPem = issueAuthority({
    name,
    publicKey,
    issuer: { name, key: privateKey },
    serial: randomBytes(16),
    ...validity(now, authorityDays),
  });
  return save(folder, 'ca', { certPem, key: privateKey });
}

async function makeServer(authority: Identity, { folder, names, now }: Need): Promise<Identity> {
  const { publicKey, privateKey } = newKeyPair();
  const { from, until } = validity(now, serverDays);
  const authorityEnds = authority.certificate.validToDate;
  const certPem = issueServer({
    name: 'Cerulean server',
    publicKey,
    issuer: issuerOf(authority),
    serial: randomBytes(16),
    from,
    until: until < authorityEnds ? until : authorityEnds,
    alternativeNames: names,
  });
  return save(folder, 'server', { certPem, key: privateKey });
}

function serves(certificate: X509Certificate, authority: Identity, need: Need): boolean {
  return (
    certificate.checkIssued(authority.certificate) &&
    certificate.verify(authority.certificate.publicKey) &&
    daysLeft(certificate, need.now) > renewDays &&
    certificate.validFromDate <= need.now &&
    sameNames(certificate, need.names)
  );
}

/** Node prints `DNS:localhost, IP Address:127.0.0.1`; addresses are compared by their bytes. */
function sameNames(certificate: X509Certificate, names: readonly string[]): boolean {
  const present = (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => comparable(entry.slice(entry.indexOf(':') + 1)));
  const wanted = new Set(names.map(comparable));
  return wanted.size === new Set(present).size && present.every((name) => wanted.has(name));
}

function comparable(name: string): string {
  return isIP(name) === 0 ? name : Buffer.from(addressBytes(name)).toString('hex');
}

function issuerOf(authority: Identity): Issuer {
  const name = /^CN=(.+)$/m.exec(authority.certificate.subject)?.[1];
  if (name === undefined) throw new Error('The authority’s certificate has no common name.');
  return { name, key: authority.key };
}

function newKeyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function validity(now: Date, days: number) {
  return { from: new Date(now.getTime() - backdatedMs), until: new Date(now.getTime() + days * dayMs) };
}

function daysLeft(certificate: X509Certificate, now: Date): number {
  return (certificate.validToDate.getTime() - now.getTime()) / dayMs;
}

/** The certificate is written last: without it, the key has never been used and both are made anew. */
async function save(
  folder: string,
  name: string,
  made: { certPem: string; key: KeyObject },
): Promise<Identity> {
  const keyPem = made.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeDurably(join(folder, `${name}-key.pem`), keyPem, 0o600);
  await writeDurably(join(folder, `${name}.pem`), made.certPem, 0o644);
  return { ...made, keyPem, certificate: new X509Certificate(made.certPem) };
}

async function writeDurably(file: string, content: string, mode: number): Promise<void> {
  const beside = `${file}.${randomBytes(4).toString('hex')}`;
  {
    await using handle = await open(beside, 'wx', mode);
    await handle.writeFile(content);
    await handle.sync();
  }
  await rename(beside, file);
}

async function load(folder: string, name: string): Promise<Identity | undefined> {
  const certFile = join(folder, `${name}.pem`);
  const certPem = await readIfPresent(certFile);
  const keyPem = await readIfPresent(join(folder, `${name}-key.pem`));
  if (certPem === undefined || (keyPem === undefined && name === 'server')) return undefined;
  if (keyPem === undefined) throw unusable(certFile, new Error('its key is missing'));
  try {
    const identity = {
      certPem,
      keyPem,
      certificate: new X509Certificate(certPem),
      key: createPrivateKey(keyPem),
    };
    if (!identity.certificate.checkPrivateKey(identity.key)) throw new Error('the key is another one’s');
    return identity;
  } catch (cause) {
    // A crash between the two files of a renewal leaves a new key beside the old certificate.
    if (name === 'server') return undefined;
    throw unusable(certFile, cause);
  }
}

function unusable(certFile: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `${certFile} can't be used with its key (${reason}). Restore both from a backup, or remove both: a new authority is then made, and everybody must trust it anew.`,
    { cause },
  );
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
