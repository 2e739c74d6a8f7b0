/** Runs one command inside a transaction that somebody else opened, and writes its event last. */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import type { CommandContext, CommandName, Commands } from '../../../registry/commands.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import type { CommandBody, NewEvent, Outcome } from './command.ts';
import { commands } from './commands.ts';

/** The outcome that callers of the writer see. */
export type Ran<N extends CommandName> = Omit<Outcome<Commands[N]['output']>, 'event'>;

/**
 * Runs the command and its event. Any error means that the caller must undo everything since it began.
 * @throws RegistryError the command's own refusal, or `command_repeated` when its id has an event already.
 */
export async function runCommand<N extends CommandName>(
  tx: Transaction,
  command: { readonly name: N; readonly input: Commands[N]['input']; readonly context: CommandContext },
): Promise<Ran<N>> {
  const body = commands[command.name] as CommandBody<N>;
  const outcome = await body(tx, command.input, command.context);
  if (outcome.rights === true) await tx.run(moveRightsEpoch, {});
  if (outcome.event !== undefined) await writeEvent(tx, outcome.event, command.context);
  return outcome;
}

async function writeEvent(tx: Transaction, event: NewEvent, context: CommandContext): Promise<void> {
  const source = await tx.one(eventSource, {});
  if (source === undefined) throw new TypeError('An event in a database that has no deployment row.');
  const stream = { registry: event.registry, origin: source.origin, incarnation: source.incarnation };
  // On PostgreSQL the number comes after the commit, from one stamper: a counter row here would hold one busy
  // registry at a few hundred writes a second.
  const number = tx.dialect === 'sqlite' ? await nextNumber(tx, stream) : null;
  const written = await tx.run(addEvent, {
    ...stream,
    number,
    id: context.commandId,
    hlc: event.hlc ?? context.now * 1000,
    at: context.now,
    kind: event.kind,
    repository: event.repository?.id ?? null,
    repositoryName: event.repository?.name ?? null,
    payload: JSON.stringify(event.payload),
    principal: context.principalId,
    principalName: context.principalName,
    requestId: context.requestId,
    address: context.address,
    host: context.host,
    method: context.method,
    userAgent: context.userAgent,
  });
  if (written === 0) throw new RegistryError('command_repeated', 'This command was carried out before.');
}

type Stream = { registry: string; origin: string; incarnation: string };

async function nextNumber(tx: Transaction, stream: Stream): Promise<number> {
  const row = await tx.one(countEvent, stream);
  if (row === undefined) throw new TypeError('An event counter that was just moved is not there.');
  return row.last;
}

const eventSource = statement()((q) => q.selectFrom('deployment').select(['origin', 'incarnation']));

const moveRightsEpoch = statement()((q) =>
  q.updateTable('deployment').set({ rights_epoch: sql<number>`rights_epoch + 1` }),
);

const countEvent = statement<Stream>()((q, p) =>
  q
    .insertInto('event_counter')
    .values({
      registry: p.registry,
      origin: p.origin,
      incarnation: p.incarnation,
      last: sql.lit(1),
      hlc: sql.lit(0),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['registry', 'origin', 'incarnation'])
        .doUpdateSet({ last: sql<number>`event_counter.last + 1` }),
    )
    .returning('last'),
);

type EventRow = Stream & {
  id: string;
  number: number | null;
  hlc: number;
  at: number;
  kind: string;
  repository: string | null;
  repositoryName: string | null;
  payload: string;
  principal: string;
  principalName: string;
  requestId: string;
  address: string;
  host: string;
  method: string;
  userAgent: string;
};

const addEvent = statement<EventRow>()((q, p) =>
  q
    .insertInto('event')
    .values({
      id: p.id,
      registry: p.registry,
      origin: p.origin,
      incarnation: p.incarnation,
      number: p.number,
      hlc: p.hlc,
      at: p.at,
      kind: p.kind,
      repository: p.repository,
      repository_name: p.repositoryName,
      payload: p.payload,
      principal: p.principal,
      principal_name: p.principalName,
      request_id: p.requestId,
      address: p.address,
      host: p.host,
      method: p.method,
      user_agent: p.userAgent,
    })
    .onConflict((conflict) => conflict.column('id').doNothing()),
);
