import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config/config-error.ts';

/** The files of `--tls-cert` and `--tls-key`. Throws a `ConfigError` that names the file that can't be used, and why. */
export async function readTlsFiles(files: {
  certFile: string;
  keyFile: string;
  now: Date;
}): Promise<{ certPem: string; keyPem: string }> {
  const certPem = await readPem(files.certFile, 'tls-cert');
  const keyPem = await readPem(files.keyFile, 'tls-key');
  const certificate = parse(
    () => new X509Certificate(certPem),
    `${files.certFile} of --tls-cert holds no certificate`,
  );
  const key = parse(() => createPrivateKey(keyPem), `${files.keyFile} of --tls-key holds no private key`);
  if (!certificate.checkPrivateKey(key)) {
    throw new ConfigError(`${files.keyFile} is not the key of the first certificate in ${files.certFile}.`);
  }
  if (certificate.validToDate <= files.now) {
    throw new ConfigError(
      `The certificate in ${files.certFile} ended on ${certificate.validToDate.toISOString()}.`,
    );
  }
  return { certPem, keyPem };
}

async function readPem(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file} of --${flag} can't be read: ${reasonOf(cause)}`, { cause });
  }
}

function parse<Parsed>(read: () => Parsed, wrong: string): Parsed {
  try {
    return read();
  } catch (cause) {
    throw new ConfigError(`${wrong} in PEM form: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
