import { findJsonFlaw } from './json-flaw.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { isStorableText } from './storable-text.ts';

/** What is shown and filtered of an image's config (OCI image-spec, config.md). Absent when not given or not usable. */
export interface ImageConfig {
  readonly architecture?: string;
  readonly os?: string;
  readonly osVersion?: string;
  readonly variant?: string;
  /** RFC 3339 date and time, as written. */
  readonly created?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** How many labels are kept; the rest is dropped. */
export const labelsMax = 256;
/** Longest key of a label that is kept. */
export const labelKeyCharsMax = 255;
/** Longest value of a label that is kept. */
export const labelValueCharsMax = 4096;
const textCharsMax = 255;
const depthMax = 64;
const createdPattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads the config blob of an image. It is content, and not the registry's to refuse: whatever cannot be used is
 * left out, and what is no image's config at all gives undefined (no JSON object, one with a key twice, or one
 * without `architecture`, `os` and `rootfs`, as that of a Helm chart or an artifact's `{}`). Never throws. The caller bounds the bytes.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig | undefined {
  const value = parseObject(bytes);
  if (value === undefined) return undefined;
  const architecture = usableText(value['architecture']);
  const os = usableText(value['os']);
  if (architecture === undefined && os === undefined && !isJsonObject(value['rootfs'])) return undefined;
  const osVersion = usableText(value['os.version']);
  const variant = usableText(value['variant']);
  const created = usableText(value['created']);
  return {
    ...(architecture !== undefined && { architecture }),
    ...(os !== undefined && { os }),
    ...(osVersion !== undefined && { osVersion }),
    ...(variant !== undefined && { variant }),
    ...(created !== undefined && createdPattern.test(created) && { created }),
    labels: labelsOf(value['config']),
  };
}

function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // Depth is looked at before parsing, because some engines parse recursively.
    if (findJsonFlaw(text, depthMax) !== undefined) return undefined;
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    // The decoder throws TypeError, the parser SyntaxError.
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function usableText(value: unknown): string | undefined {
  const usable =
    typeof value === 'string' && value !== '' && value.length <= textCharsMax && isStorableText(value);
  return usable ? value : undefined;
}

/** `Object.fromEntries` defines members rather than assigning them, so a label `__proto__` is an ordinary one. */
function labelsOf(config: unknown): Readonly<Record<string, string>> {
  const labels = isJsonObject(config) ? config['Labels'] : undefined;
  if (!isJsonObject(labels)) return {};
  const kept: [string, string][] = [];
  for (const [key, value] of Object.entries(labels)) {
    if (kept.length === labelsMax) break;
    if (typeof value !== 'string' || key.length > labelKeyCharsMax || value.length > labelValueCharsMax)
      continue;
    if (isStorableText(key) && isStorableText(value)) kept.push([key, value]);
  }
  return Object.fromEntries(kept);
}
