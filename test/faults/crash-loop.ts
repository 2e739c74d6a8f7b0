import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients, Deployment } from './deployment.ts';
import { Driver } from './driver.ts';
import { type Launch, type LaunchedServer, launchServer } from './launched-server.ts';
import { Ledger, type Operation, readLedger } from './ledger.ts';
import { Oracle, type Verdict } from './oracle.ts';
import { readStoredFacts } from './stored-events.ts';

/** What a run of crashes or faults came through. */
export interface Survived {
  readonly crashes: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly unknownApplied: number;
  /** The longest time from the start of a server to its first answer, after a crash. */
  readonly recoveryMsMax: number;
  /** Empty when the oracle has nothing to say. */
  readonly flaws: readonly string[];
}

/** A server of a data folder, its driver and its oracle, from one crash to the next. */
export class Survival {
  readonly #launch: Launch;
  readonly #deployment: Deployment;
  readonly #ledgerFile: string;
  readonly #scratch: string;
  readonly #oracle = new Oracle();
  readonly driver = new Driver();
  #ledger: Ledger | undefined;
  #survived = { crashes: 0, acknowledged: 0, unknown: 0, unknownApplied: 0, recoveryMsMax: 0 };

  /** @param options.scratch a folder that no fault reaches: the ledger lies there. */
  constructor(options: {
    readonly launch: Launch;
    readonly deployment: Deployment;
    readonly scratch: string;
  }) {
    this.#launch = options.launch;
    this.#deployment = options.deployment;
    this.#scratch = options.scratch;
    this.#ledgerFile = join(options.scratch, 'ledger.jsonl');
  }

  /** Starts the server as it is meant to be used. */
  start(environment: Readonly<Record<string, string>> = {}): LaunchedServer {
    return launchServer({ ...this.#launch, environment: { ...this.#launch.environment, ...environment } });
  }

  /** From here on the driver talks to this server, and a new ledger begins. */
  async begin(server: LaunchedServer): Promise<Clients> {
    const clients = this.#deployment.clientsOf(await server.listening);
    this.#ledger?.[Symbol.dispose]();
    await rm(this.#ledgerFile, { force: true });
    this.#ledger = new Ledger(this.#ledgerFile);
    this.driver.use(clients, this.#ledger);
    return clients;
  }

  /** What the ledger says so far. */
  operations(): Operation[] {
    return readLedger(this.#ledgerFile);
  }

  /** Starts the server after a crash and asks the oracle. The server is handed over running. */
  async recover(depth: 'touched' | 'all' = 'touched'): Promise<{ server: LaunchedServer; verdict: Verdict }> {
    const stored = await readStoredFacts(this.#launch.data, this.#scratch);
    const startedAt = performance.now();
    const server = this.start();
    try {
      const clients = this.#deployment.clientsOf(await server.listening);
      const recoveryMs = performance.now() - startedAt;
      if (this.#ledger !== undefined) this.driver.use(clients, this.#ledger);
      const { driver } = this;
      const evidence = { driver, ledgerFile: this.#ledgerFile, clients, stored };
      const verdict = await this.#oracle.check(evidence, depth);
      this.#count(verdict, recoveryMs);
      return { server, verdict };
    } catch (error) {
      await server.kill();
      throw error;
    }
  }

  survived(flaws: readonly string[]): Survived {
    this.#ledger?.[Symbol.dispose]();
    this.#ledger = undefined;
    return { ...this.#survived, flaws };
  }

  #count({ counts }: Verdict, recoveryMs: number): void {
    const before = this.#survived;
    this.#survived = {
      crashes: before.crashes + 1,
      acknowledged: before.acknowledged + counts.acknowledged,
      unknown: before.unknown + counts.unknown,
      unknownApplied: before.unknownApplied + counts.unknownApplied,
      recoveryMsMax: Math.max(before.recoveryMsMax, Math.round(recoveryMs)),
    };
  }
}

export interface CrashLoop {
  readonly survival: Survival;
  /** Works until the server is gone or the signal says so. */
  readonly work: (driver: Driver, signal: AbortSignal) => Promise<void>;
  /** Lets the server's life end; resolves when its data folder can be started from again. */
  readonly crash: (server: LaunchedServer) => Promise<void>;
  /** How long the server works before each crash. */
  readonly workMs: () => number;
  readonly isDone: (crashes: number) => boolean;
}

/** Work, crash, recover, ask the oracle, again and again; ends at the first flaw. */
export async function crashAgainAndAgain(loop: CrashLoop): Promise<Survived> {
  const { survival, work, crash } = loop;
  let server = survival.start();
  try {
    for (let crashes = 1; ; crashes += 1) {
      await survival.begin(server);
      const stop = new AbortController();
      const working = work(survival.driver, stop.signal);
      await sleep(loop.workMs());
      await crash(server);
      stop.abort();
      await working;
      const isLast = loop.isDone(crashes);
      const recovered = await survival.recover(isLast ? 'all' : 'touched');
      server = recovered.server;
      const { flaws } = recovered.verdict;
      if (isLast || flaws.length > 0) return survival.survived(flaws);
    }
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('The server ended')) throw error;
    return survival.survived([error.message]);
  } finally {
    await server.kill();
  }
}
