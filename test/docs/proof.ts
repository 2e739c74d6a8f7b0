import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const repository = join(import.meta.dirname, '..', '..');

/** A test that shows a claim: its file from the repository's root, and its name as it is written there. */
export interface Proof {
  readonly file: string;
  readonly test: string;
}

export const provedBy = (file: string, ...tests: string[]): Proof[] => tests.map((test) => ({ file, test }));

/**
 * What is wrong with a proof, or undefined: its file must hold a test of that name which is not switched off. A test
 * that runs only where the machine can do what it needs (`test.skipIf`) counts.
 */
export function flawOf({ file, test }: Proof): string | undefined {
  const text = readIfPresent(file);
  if (text === undefined) return `There is no ${file}.`;
  const call = String.raw`(?:^|\s)test(?:\.(?:each|skipIf)\([^]*?\))?\(\s*`;
  // Behind the name may stand what is put in when it runs.
  const name = new RegExp(`${call}(['"\`])${RegExp.escape(test)}(?:\\$\\{[^}]*\\})?\\1`, 'm');
  return name.test(text) ? undefined : `${file} has no test «${test}».`;
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(join(repository, file), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
