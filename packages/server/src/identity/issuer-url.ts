/** Hosts that plain http may lead to: nobody stands between. */
const loopback = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * What is wrong with an address that documents of an issuer are to be fetched from: undefined for https, and for http to
 * this machine.
 */
export function flawInAddress(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return `«${text}» is no URL: give https://HOST and the path.`;
  if (url.username !== '' || url.password !== '') return `«${text}» has a user in it: leave it out.`;
  if (url.protocol === 'https:') return undefined;
  if (url.protocol === 'http:' && loopback.test(url.hostname)) return undefined;
  return `«${text}» is not https: plain http is for issuers on this machine alone.`;
}

/** The same for an issuer, which has neither query nor fragment (OpenID Connect Discovery 1.0 section 3). */
export function flawInIssuer(text: string): string | undefined {
  if (/[?#]/.test(text))
    return `«${text}» has a query or a fragment, and an issuer has none: give it as the tokens' iss has it.`;
  return flawInAddress(text);
}

/** Where an issuer's discovery document is (section 4: a slash at the end is left out). */
export const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
