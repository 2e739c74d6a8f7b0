/** A registry that is measured. Disposing it stops the process and deletes what it stored. */
export interface BenchServer extends AsyncDisposable {
  readonly kind: ServerKind;
  /** `http://127.0.0.1:PORT`, or https. */
  readonly url: string;
  /** Empty where the registry asks nobody who he is. */
  readonly user: string;
  readonly password: string;
  /** The certificate authority's PEM file, for TLS. */
  readonly caFile: string | undefined;
  readonly pid: number;
  /** From its start until it accepted connections. */
  readonly startedInMs: number;
  /** The last lines that it logged, for an error's message. */
  logTail(): string;
}

/** Every way in which a registry is started, and how the table calls it. */
export const serverKinds = {
  distribution: { product: 'distribution', title: 'distribution v3' },
  'distribution-tls': { product: 'distribution', title: 'distribution v3, TLS' },
  cerulean: { product: 'cerulean', title: 'Cerulean' },
  'cerulean-none': { product: 'cerulean', title: 'Cerulean, --encryption none' },
  'cerulean-cold': { product: 'cerulean', title: 'Cerulean, smallest cache' },
  'cerulean-none-cold': { product: 'cerulean', title: 'Cerulean, --encryption none, smallest cache' },
  'cerulean-tls': { product: 'cerulean', title: 'Cerulean, TLS' },
} as const;

export type ServerKind = keyof typeof serverKinds;

/** What both products need to start. */
export interface ServerSetting {
  readonly kind: ServerKind;
  /** A folder for the server's data and log. */
  readonly folder: string;
  /** Of the admin of a Cerulean whose data is there already; else one is made up. */
  readonly password?: string;
  readonly port: number;
  readonly tls: TlsFiles | undefined;
  /** Where CPU profiles go; undefined takes none. */
  readonly profileFolder: string | undefined;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}
