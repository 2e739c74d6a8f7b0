import { readFile } from 'node:fs/promises';
import { CommandError } from './command-error.ts';

/** A file that was named in a command, as text. Throws CommandError `usage`. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError('usage', `The file ${file} can't be read: ${(error as Error).message}`);
  }
}
