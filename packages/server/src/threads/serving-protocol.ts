/** What main and a serving thread say to each other. */
import type { Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../config/load-config.ts';
import type { MetricsSnapshot } from '../observability/metrics.ts';
import type { SharedCounters } from '../shared-counters.ts';

/** The configuration as it crosses threads: without the secret that only main needs. */
export type ServingConfig = Omit<Config, 'adminPassword' | 'logFormat'> & {
  /** Decided by main, which knows whether a person reads. */
  readonly logFormat: 'json' | 'text';
  /** Standard output or standard error. */
  readonly logDescriptor: 1 | 2;
};

export interface ServingThreadData {
  readonly name: string;
  readonly config: ServingConfig;
  readonly databaseFile: string;
  readonly epochs: SharedArrayBuffer;
  readonly counters: SharedCounters;
  /** The content cache's memory, and the number by which this thread is known in it. */
  readonly contentCache: { readonly memory: SharedArrayBuffer; readonly thread: number };
  readonly writer: MessagePort;
  /** PEM texts; undefined without TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Addresses that mean this machine. */
  readonly boundAddresses: readonly string[];
  /** Where sockets can't be handed to a thread, the thread listens itself. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** The same for the door of the managed-identity endpoints. */
  readonly listenForMetadata: { readonly host: string; readonly port: number } | undefined;
}

/** Which port a connection came to: the registry's, or that of the managed-identity endpoints. */
export type Door = 'main' | 'metadata';

export type ServingOrder =
  | { readonly order: 'connection'; readonly socket: Socket; readonly door: Door }
  | { readonly order: 'snapshot'; readonly id: number }
  | { readonly order: 'metrics'; readonly id: number; readonly text: string }
  /** A renewed certificate, for connections from now on. */
  | { readonly order: 'certificate'; readonly cert: string; readonly key: string }
  /** Nothing new: what runs may end within the time, then all connections are closed. */
  | { readonly order: 'drain'; readonly withinMs: number };

export type ServingReport =
  | { readonly report: 'ready'; readonly port: number | undefined }
  | { readonly report: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly report: 'snapshot'; readonly id: number; readonly snapshot: MetricsSnapshot }
  | { readonly report: 'metrics-wanted'; readonly id: number }
  | { readonly report: 'drained' };
