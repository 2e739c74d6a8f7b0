/** The writer's thread: it owns the only connection that writes, and serves nobody else. */
import { dirname } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { CommandName } from '../../registry/commands.ts';
import { syncFolder } from '../../sync-folder.ts';
import { openSqliteWriter } from '../database/sqlite-database.ts';
import { prepareSqlite } from '../database/sqlite-migration.ts';
import { dieIfFatal } from './fatal-sqlite-error.ts';
import { GroupCommitter } from './group-commit.ts';
import { SharedEpochs } from './shared-epochs.ts';
import {
  type CommandMessage,
  type CommandReply,
  sendError,
  type WriterOrder,
  type WriterReport,
} from './writer-protocol.ts';

/** What main gives the thread at its start. */
export interface WriterThreadData {
  readonly databaseFile: string;
  readonly epochs: SharedArrayBuffer;
}

if (parentPort !== null) void start(parentPort, workerData as WriterThreadData);

async function start(main: MessagePort, data: WriterThreadData): Promise<void> {
  const report = (message: WriterReport): void => main.postMessage(message);
  try {
    const connection = openSqliteWriter(data.databaseFile);
    await prepareSqlite(connection);
    // SQLite syncs the names of the database and its log too, but ignores it when that fails.
    await syncFolder(dirname(data.databaseFile));
    const committer = new GroupCommitter(connection, new SharedEpochs(data.epochs));
    main.on('message', (order: WriterOrder) => {
      if (order.order === 'serve') serve(order.port, committer);
      else
        void committer.close().then(() => {
          connection.close();
          report({ report: 'closed' });
          main.close();
        });
    });
    report({ report: 'ready' });
  } catch (error) {
    dieIfFatal(error);
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    report({ report: 'failed', name, message });
    main.close();
  }
}

function serve(port: MessagePort, committer: GroupCommitter): void {
  let replies: CommandReply[] = [];
  // The answers of a group come in one turn: they travel in one message, since each wakes its thread.
  const reply = (answer: CommandReply): void => {
    if (replies.push(answer) > 1) return;
    queueMicrotask(() => {
      port.postMessage(replies);
      replies = [];
    });
  };
  port.on('message', (messages: readonly CommandMessage[]) => {
    for (const { id, name, lane, context, input } of messages) {
      committer.execute(name as CommandName, input as never, { lane, context }).then(
        (value) => reply({ id, value }),
        (error: unknown) => reply({ id, error: sendError(error) }),
      );
    }
  });
}
