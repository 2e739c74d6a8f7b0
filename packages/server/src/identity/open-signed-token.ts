import { compactVerify, errors } from 'jose';
import { limits } from '../limits.ts';

/**
 * The protected header of a token in base64url, as it stands there; undefined for what is too long, or has other than
 * three parts. A token of this server is recognised by this text as a whole, which is then never interpreted.
 */
export function headerText(token: string): string | undefined {
  if (token.length > limits.tokenBytesMax || dotsIn(token) !== 2) return undefined;
  return token.slice(0, token.indexOf('.'));
}

/** The payload as JSON, or undefined when the signature is not of this key or the payload is no JSON. */
export async function openSignedToken(
  token: string,
  key: Parameters<typeof compactVerify>[1],
  algorithms: string[] = ['RS256'],
): Promise<unknown> {
  try {
    return parseJson((await compactVerify(token, key, { algorithms })).payload);
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return undefined;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    return undefined;
  }
}

/** Counted without splitting: a token of dots alone makes no array. */
function dotsIn(token: string): number {
  let dots = 0;
  for (let at = token.indexOf('.'); at >= 0 && dots <= 2; at = token.indexOf('.', at + 1)) dots += 1;
  return dots;
}
