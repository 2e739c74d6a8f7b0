import type { Config } from '../config/load-config.ts';

/**
 * Every name by which this server may be asked for: loopback, the domain and what lies below it, `--hostname`,
 * the host of `--public-url` and the bound addresses. An address with a zone is none of a certificate.
 */
export function autoTlsNames(
  config: Pick<Config, 'domain' | 'hostnames' | 'publicUrl'>,
  bound: readonly string[],
): string[] {
  const publicHost =
    config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  const loopback = ['localhost', '127.0.0.1', '::1'];
  return [
    ...new Set([
      ...loopback,
      `*.${config.domain}`,
      config.domain,
      ...config.hostnames,
      ...publicHost,
      ...bound.filter((address) => !address.includes('%')),
    ]),
  ];
}
