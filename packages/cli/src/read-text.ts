import { readFile } from 'node:fs/promises';
import { CommandError } from './command-error.ts';

/** A file that the caller named. @throws CommandError when it can't be read */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError('usage', `The file ${file} can't be read: ${(error as Error).message}`);
  }
}
