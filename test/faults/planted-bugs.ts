/** Bugs that these tests are there for: planted in a copy of the source, each must be seen. */
import type { Patch } from '../process/patched-source.ts';

const storage = 'packages/server/src/storage';

/** The client is told that it is done, and the commit comes a little later. */
export const acknowledgesBeforeCommit: Patch = {
  file: `${storage}/writer/group-commit.ts`,
  replace: [
    [
      'this.#commitChanging(results);\n      return results;',
      `for (const [index, command] of group.entries()) answer(command, results[index]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      this.#commitChanging(results);
      return results;`,
    ],
  ],
};

/** The event is written by itself, a little after the change that it tells of. */
export const writesEventsLater: Patch = {
  file: `${storage}/database/commands/run-command.ts`,
  replace: [
    [
      'if (outcome.event !== undefined) await writeEvent(tx, outcome.event, command.context);',
      `const { event } = outcome;
  if (event !== undefined) setTimeout(() => void writeEvent(tx, event, command.context), 100);`,
    ],
  ],
};

/** An object's bytes are left to the page cache. */
export const leavesObjectsUnsynced: Patch = {
  file: `${storage}/blobs/filesystem-writer.ts`,
  replace: [['await fdatasyncFile(this.#descriptor);', 'void fdatasyncFile;']],
};

/** An object's name is left to the page cache. */
export const leavesNamesUnsynced: Patch = {
  file: `${storage}/blobs/filesystem-writer.ts`,
  replace: [['if (!this.#isNameDurable) await this.#syncName();', 'void this.#syncName;']],
};

/** The database's commits are left to the page cache. */
export const leavesCommitsUnsynced: Patch = {
  file: `${storage}/database/sqlite-database.ts`,
  replace: [["'pragma synchronous = full'", "'pragma synchronous = off'"]],
};

/** The root key is left to the page cache, while the database that needs it is synced. */
export const leavesRootKeyUnsynced: Patch = {
  file: 'packages/server/src/sealing/key-ring-file.ts',
  replace: [['await file.writeFile(text);\n    await file.sync();', 'await file.writeFile(text);']],
};

/** After a failed sync of the write-ahead log the server goes on. */
export const survivesFailedDatabase: Patch = {
  file: `${storage}/writer/fatal-sqlite-error.ts`,
  replace: [["process.kill(process.pid, 'SIGKILL');", '']],
};

/** A failed sync of an object is tried again, which succeeds although the bytes are gone from the page cache. */
export const triesFailedSyncAgain: Patch = {
  file: `${storage}/blobs/filesystem-writer.ts`,
  replace: [
    [
      'await fdatasyncFile(this.#descriptor);',
      'await fdatasyncFile(this.#descriptor).catch(() => fdatasyncFile(this.#descriptor));',
    ],
  ],
};

/** A write that took only a part of the bytes counts as a whole one. */
export const ignoresShortWrites: Patch = {
  file: `${storage}/blobs/filesystem-writer.ts`,
  replace: [['rest = dropBytes(rest, written);', 'rest = dropBytes(rest, Number.POSITIVE_INFINITY);']],
};

/** SQLite syncs the folder of the database, and nobody learns that it failed. */
export const leavesFolderToSqlite: Patch = {
  file: `${storage}/writer/writer-thread.ts`,
  replace: [['await syncFolder(dirname(data.databaseFile));', 'void [syncFolder, dirname];']],
};
