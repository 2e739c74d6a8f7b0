import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from './scratch-folder.ts';
import { projectFolder } from './server-process.ts';

/** A planted bug: each text stands in the file exactly once and is replaced by the other. */
export interface Patch {
  /** Path from the project's folder. */
  readonly file: string;
  readonly replace: readonly (readonly [from: string, to: string])[];
}

/**
 * Copies the source, plants a bug in the copy, and hands the copy's folder over. It shows that a check sees the bug
 * that it is there for. Throws when the patch does not apply: a bug that is not planted would prove nothing.
 */
export async function withPatchedSource<Result>(
  patch: Patch | readonly Patch[],
  run: (project: string) => Promise<Result>,
): Promise<Result> {
  await using folder = await scratchFolder();
  await copySource(folder.path);
  for (const each of [patch].flat()) await applyPatch(folder.path, each as Patch);
  return await run(folder.path);
}

async function applyPatch(project: string, { file, replace }: Patch): Promise<void> {
  let text = await readFile(join(project, file), 'utf8');
  for (const [from, to] of replace) {
    const places = text.split(from).length - 1;
    if (places !== 1) throw new Error(`The patch does not apply: ${file} has ${places} times «${from}».`);
    text = text.replace(from, () => to);
  }
  await writeFile(join(project, file), text);
}

async function copySource(to: string): Promise<void> {
  for (const part of ['packages', 'bin', 'package.json']) {
    await cp(join(projectFolder, part), join(to, part), {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts') && !path.endsWith('node_modules'),
    });
  }
  const modules = join(projectFolder, 'node_modules');
  const own = '@cerulean';
  await mkdir(join(to, 'node_modules', own), { recursive: true });
  for (const name of await readdir(modules)) {
    if (name === own || name.startsWith('.')) continue;
    await symlink(join(modules, name), join(to, 'node_modules', name));
  }
  // A link to all of node_modules would lead the workspaces back to the source without the bug.
  for (const name of await readdir(join(to, 'packages'))) {
    await symlink(join(to, 'packages', name), join(to, 'node_modules', own, name));
  }
}
