import { findJsonFlaw } from './json-flaw.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { ManifestError } from './manifest-error.ts';
import { quoteText } from './quote-text.ts';

/** Limits of a document's own form. */
export interface DocumentLimits {
  readonly bytesMax: number;
  /** Levels of nesting; the manifest itself is level 1. */
  readonly depthMax: number;
}

/**
 * Bytes to a JSON object: strict UTF-8 (RFC 8259 section 8.1), no byte order mark, nothing behind the object,
 * no key twice, bounded depth. Throws ManifestError.
 */
export function parseManifestDocument(bytes: Uint8Array, limits: DocumentLimits): JsonObject {
  if (bytes.length > limits.bytesMax) {
    const problem = `The manifest has ${bytes.length} bytes; at most ${limits.bytesMax} are allowed.`;
    throw new ManifestError('manifest_too_large', problem);
  }
  if (bytes.length === 0) throw new ManifestError('manifest_invalid', 'The manifest is empty.');
  const text = decodeUtf8(bytes);
  refuseFlaws(text, limits.depthMax);
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new ManifestError('manifest_invalid', 'The manifest is no JSON object.');
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new ManifestError(
      'manifest_invalid',
      'The manifest starts with a byte order mark, which JSON must not.',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ManifestError('manifest_invalid', 'The manifest is not valid UTF-8.');
  }
}

function refuseFlaws(text: string, depthMax: number): void {
  const flaw = findJsonFlaw(text, depthMax);
  if (flaw === undefined) return;
  if (flaw.kind === 'too_deep') {
    throw new ManifestError('manifest_too_deep', `The manifest is nested deeper than ${depthMax} levels.`);
  }
  const key = quoteText(flaw.key);
  const problem = `The manifest has the member ${key} twice in one object, at level ${flaw.depth}.`;
  throw new ManifestError('manifest_invalid', problem, flaw.key);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ManifestError('manifest_invalid', `The manifest is not JSON: ${error.message.slice(0, 200)}.`);
  }
}
