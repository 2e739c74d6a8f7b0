/** The server's certificate: given in files, or issued by the own authority and renewed while the server runs. */
import { join } from 'node:path';
import { boundAddresses } from '../config/bound-addresses.ts';
import type { Config } from '../config/load-config.ts';
import { autoTlsNames } from './auto-tls-names.ts';
import { ensureAutoTls } from './ensure-auto-tls.ts';
import { readTlsFiles } from './read-tls-files.ts';
import { hostsLines, trustLines } from './trust-lines.ts';

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** The own authority's certificate, where there is one. */
  readonly caFile: string | undefined;
}

/** How often a running server looks whether its certificate is to be renewed: a month before it ends. */
const lookEveryMs = 12 * 60 * 60 * 1000;

interface Clock {
  readonly now: () => number;
}

/** The certificate to start with; undefined without TLS. @throws ConfigError when given files can't be used */
export async function openTls(config: Config, { now }: Clock): Promise<Certificate | undefined> {
  if (config.tls === 'auto') return issued(config, now());
  if (config.tlsCertFile === undefined || config.tlsKeyFile === undefined) return undefined;
  const files = { certFile: config.tlsCertFile, keyFile: config.tlsKeyFile, now: new Date(now()) };
  const { certPem, keyPem } = await readTlsFiles(files);
  return { cert: certPem, key: keyPem, caFile: undefined };
}

/** Renews an own certificate in time and hands it on; a renewal that fails is logged and tried again. */
export function keepCertificate(
  kept: {
    readonly config: Config;
    readonly certificate: Certificate | undefined;
    readonly sources: Clock;
    readonly log: { error(fields: object, text: string): void };
  },
  use: (renewed: Certificate) => void,
): Disposable {
  if (kept.config.tls !== 'auto') return { [Symbol.dispose]: () => undefined };
  let current = kept.certificate?.cert;
  const look = async (): Promise<void> => {
    try {
      const now = await issued(kept.config, kept.sources.now());
      if (now.cert === current) return;
      current = now.cert;
      use(now);
    } catch (error) {
      kept.log.error({ err: error }, 'the certificate could not be renewed');
    }
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** How to trust the own authority, and the hosts line for names that a machine doesn't resolve. */
export function trustText(config: Config, caFile: string, port: number): string[] {
  const loginServer = `${config.registry}.${config.domain}`;
  return [
    ...trustLines({ caFile, loginServer, port }),
    ...hostsLines({ address: config.host, loginServers: [loginServer] }),
  ];
}

/** Makes a new certificate only when the one that is there ends soon or is for other names. */
async function issued(config: Config, now: number): Promise<Certificate> {
  const made = await ensureAutoTls({
    folder: join(config.dataFolder, 'tls'),
    names: autoTlsNames(config, boundAddresses(config.host)),
    now: new Date(now),
  });
  return { cert: made.certPem, key: made.keyPem, caFile: made.caFile };
}
