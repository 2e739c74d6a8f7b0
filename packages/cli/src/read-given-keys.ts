import { readText } from './read-text.ts';

/** Reads the files that say where an issuer's keys come from; what was not given is left out. */
export async function readGivenKeys(given: {
  readonly keys: string | undefined;
  readonly jwksUri: string | undefined;
  readonly caFile: string | undefined;
}): Promise<{ keys?: string; jwksUri?: string; ca?: string }> {
  const { keys, jwksUri, caFile } = given;
  return {
    ...(keys === undefined ? {} : { keys: await readText(keys) }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(caFile === undefined ? {} : { ca: await readText(caFile) }),
  };
}
