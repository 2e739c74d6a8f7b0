/** A parsed JSON object of unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for an object, false for null, arrays and all else. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
