/** What a point query costs on node:sqlite in memory, by how its SQL comes about: `node bin/run.mjs test/bench/statement-cost.ts`. */
import { DatabaseSync } from 'node:sqlite';
import { bind, statement } from '@cerulean/server/storage/database/statement.ts';

const callsPerRound = 20_000;
const rounds = 5;
const tags = 10_000;

const database = new DatabaseSync(':memory:');
database.exec(
  'create table tag (repository text not null, name text not null, digest text not null, primary key (repository, name)) strict, without rowid',
);
const insert = database.prepare('insert into tag values (?, ?, ?)');
database.exec('begin');
for (let index = 0; index < tags; index += 1) insert.run('r', `t${index}`, `sha256:${index}`);
database.exec('commit');

/** A statement that is declared anew is built and compiled anew. */
const build = () =>
  statement<{ repository: string; name: string }>()((q, p) =>
    q.selectFrom('tag').select(['digest']).where('repository', '=', p.repository).where('name', '=', p.name),
  ).compiled('sqlite');

const compiled = build();
const prepared = database.prepare(compiled.sql);

const ways = {
  'raw: prepared once': (name: string) => prepared.get('r', name),
  'compiled once, bound at each call': (name: string) =>
    prepared.get(...bind(compiled, { repository: 'r', name })),
  'built and compiled at each call, prepared once': (name: string) =>
    prepared.get(...bind(build(), { repository: 'r', name })),
  'built, compiled and prepared at each call': (name: string) => {
    const query = build();
    return database.prepare(query.sql).get(...bind(query, { repository: 'r', name }));
  },
};

const microseconds = new Map<string, number[]>();
// In turns, so that a busy machine is busy for all of them.
for (let round = 0; round < rounds; round += 1) {
  for (const [way, get] of Object.entries(ways)) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < callsPerRound; call += 1) get(`t${(call * 7919) % tags}`);
    const each = Number(process.hrtime.bigint() - start) / 1000 / callsPerRound;
    microseconds.set(way, [...(microseconds.get(way) ?? []), each]);
  }
}

const medianOf = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const medians = [...microseconds].map(([way, values]) => ({ way, us: medianOf(values) }));
const least = medians[0]?.us ?? 1;
for (const { way, us } of medians)
  console.log(`${us.toFixed(1).padStart(6)} µs  ${(us / least).toFixed(1).padStart(5)} ×  ${way}`);
