import { ConfigError } from './config-error.ts';
import type { Config } from './load-config.ts';
import { isLoopbackHost } from './network-names.ts';

/** True if connections are TLS, with a certificate that was given or one of the own authority. */
export function servesTls(config: Pick<Config, 'tls' | 'tlsCertFile'>): boolean {
  return config.tls === 'auto' || config.tlsCertFile !== undefined;
}

/** Throws a `ConfigError` if others than this machine could send passwords in the clear and nobody said so in words. */
export function checkListen(config: Pick<Config, 'host' | 'tls' | 'tlsCertFile' | 'insecureHttp'>): void {
  if (isLoopbackHost(config.host) || servesTls(config) || config.insecureHttp) return;
  throw new ConfigError(
    [
      `Cerulean does not listen on ${config.host} without TLS: it is more than loopback, and passwords, tokens and`,
      'images would pass through the network readable and changeable by whoever is on the way. Choose one:',
      '  --tls auto                       an own certificate authority, made once, with a line on how to trust it',
      '  --tls-cert FILE --tls-key FILE   a certificate that you have',
      '  --insecure-http                  HTTP all the same, for a proxy that ends TLS in front or a closed network',
    ].join('\n'),
  );
}
