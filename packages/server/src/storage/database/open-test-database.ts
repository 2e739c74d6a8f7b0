/** Databases for tests: each store test runs on SQLite, and on PostgreSQL where CERULEAN_TEST_POSTGRES names one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe } from 'vitest';
import type {
  CommandBus,
  CommandContext,
  CommandName,
  Commands,
  NewRegistry,
  PutManifest,
} from '../../registry/commands.ts';
import type { MetadataReader } from '../../registry/metadata-reader.ts';
import { defaultRegistrySettings } from '../../registry/settings.ts';
import { GroupCommitter } from '../writer/group-commit.ts';
import { SharedEpochs } from '../writer/shared-epochs.ts';
import { openPostgres, PostgresCommands, PostgresQueries, preparePostgres } from './postgres-database.ts';
import { stampEvents } from './postgres-stamper.ts';
import { sqlReader } from './sql-reader.ts';
import { openSqliteReader, openSqliteWriter } from './sqlite-database.ts';
import { prepareSqlite } from './sqlite-migration.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres';
  readonly commands: CommandBus;
  readonly reader: MetadataReader;
  readonly epochs: SharedEpochs;
  /** Runs raw SQL and answers its rows. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** Numbers what is not numbered yet, where that is a step of its own. */
  stamp(registry: string): Promise<void>;
  /** Runs a command with a fresh context, as the registry's admin. */
  run<N extends CommandName>(
    name: N,
    input: Commands[N]['input'],
    at?: number,
  ): Promise<Commands[N]['output']>;
}

export const testRegistry = testId('a1');
export const testAdmin = testId('ad');
export const testNow = Date.UTC(2026, 0, 2, 3, 4, 5);

/** 32 hex digits that begin with these; one that is easy to read in a failure. */
export function testId(start: string): string {
  return start.padEnd(32, '0');
}

/** A digest of the right form that stands for the named content. */
export function testDigest(name: string): string {
  return `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`;
}

/** The body runs for every engine that is at hand. */
export function describeDialects(name: string, body: (open: () => Promise<TestDatabase>) => void): void {
  describe(`${name} on SQLite`, () => body(openTestSqlite));
  const url = process.env['CERULEAN_TEST_POSTGRES'];
  if (url !== undefined) describe(`${name} on PostgreSQL`, () => body(() => openTestPostgres(url)));
}

export async function openTestSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-database-'));
  const file = join(folder, 'cerulean.db');
  const connection = openSqliteWriter(file);
  await prepareSqlite(connection);
  const reading = openSqliteReader(file);
  const epochs = new SharedEpochs();
  const commands = new GroupCommitter(connection, epochs);
  return started({
    dialect: 'sqlite',
    commands,
    reader: sqlReader(reading),
    epochs,
    rows: async (sql) => connection.database.prepare(sql).all() as Record<string, unknown>[],
    stamp: async () => undefined,
    run: runner(commands),
    async [Symbol.asyncDispose]() {
      await commands.close();
      reading.close();
      connection.close();
      await rm(folder, { recursive: true });
    },
  });
}

export async function openTestPostgres(url: string): Promise<TestDatabase> {
  const name = `test_${Math.random().toString(36).slice(2)}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const pool = openPostgres(own.href);
  await preparePostgres(pool);
  const commands = new PostgresCommands(pool);
  return started({
    dialect: 'postgres',
    commands,
    reader: sqlReader(new PostgresQueries(pool)),
    epochs: new SharedEpochs(),
    rows: async (sql) => (await pool.query(sql)).rows as Record<string, unknown>[],
    stamp: async (registry) => void (await stampEvents(pool, registry)),
    run: runner(commands),
    async [Symbol.asyncDispose]() {
      await pool.end();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  });
}

/** A context as a request of the admin makes it. */
export function testContext(now = testNow): CommandContext {
  return {
    commandId: randomId(),
    newId: randomId(),
    now,
    principalId: testAdmin,
    principalName: 'cerulean',
    requestId: 'test-request',
    address: '127.0.0.1',
    host: 'localhost',
    method: 'PUT',
    userAgent: 'test',
  };
}

export function newTestRegistry(id: string, name: string, admin = testAdmin): NewRegistry {
  return {
    id,
    name,
    settings: { ...defaultRegistrySettings, adminUserEnabled: true },
    keyNumber: 1,
    keyBox: new Uint8Array([1]),
    admin: {
      principal: admin,
      credentials: (['password', 'password2'] as const).map((credential) => ({
        id: randomId(),
        name: credential,
        sealedBox: new Uint8Array([2]),
        verifierKind: 'hmac',
        verifierVersion: 1,
        verifier: new Uint8Array([3]),
      })),
    },
  };
}

export function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
}

function runner(commands: CommandBus): TestDatabase['run'] {
  return (name, input, at) => commands.execute(name, input, { lane: testRegistry, context: testContext(at) });
}

async function started(database: TestDatabase): Promise<TestDatabase> {
  await database.run('initialiseDeployment', {
    incarnation: testId('1'),
    origin: testId('0'),
    rootKeyNumber: 1,
    rootKeyFingerprint: 'f',
    systemKeys: [{ purpose: 1, version: 1, box: new Uint8Array([4]) }],
    registry: newTestRegistry(testRegistry, 'cerulean'),
    jobs: [],
  });
  return database;
}

/** A manifest without parts, to be changed where a test says so. */
export function testManifest(change: Partial<PutManifest> = {}): PutManifest {
  return {
    registry: testRegistry,
    repositoryName: 'app',
    digest: testDigest('image'),
    tags: [],
    precondition: null,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: null,
    referrerArtifactType: null,
    subjectDigest: null,
    configDigest: null,
    configMediaType: null,
    hasAnnotations: false,
    sizeBytes: 10,
    imageSizeBytes: 20,
    architecture: null,
    os: null,
    variant: null,
    osVersion: null,
    configCreated: null,
    labelsBox: null,
    box: new Uint8Array([9]),
    references: [],
    indexDepthMax: 8,
    ...change,
  };
}
