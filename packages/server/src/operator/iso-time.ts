/** ISO 8601 in UTC, as the operator's command shows times. */
export const iso = (ms: number): string => new Date(ms).toISOString();
