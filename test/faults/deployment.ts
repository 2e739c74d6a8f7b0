import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Credentials, operateJson, passwordIn } from '../process/operator.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { ImpatientClient } from './impatient-client.ts';
import { launchServer } from './launched-server.ts';

/** The registries of every deployment here, and the repositories in each. */
export const registries = ['cerulean', 'second'] as const;
export const repositories = ['app', 'team/base'] as const;

/** A client of each registry, by the registry's name. */
export type Clients = ReadonlyMap<string, ImpatientClient>;

/**
 * A data folder with two registries, made once and copied for each run. Logins are made passwords: they are verified
 * fast, while a chosen one would take most of a short life.
 */
export interface Deployment extends AsyncDisposable {
  /** Puts a fresh copy of the data folder there. */
  copyTo(data: string): Promise<void>;
  clientsOf(url: string): Clients;
}

export async function prepareDeployment(): Promise<Deployment> {
  const folder = await scratchFolder();
  const data = join(folder.path, 'data');
  const passwords = new Map<string, string>();
  {
    await using server = launchServer({ data });
    await server.listening;
    for (const registry of registries) {
      if (registry !== 'cerulean')
        await operateJson(server, 'registry', 'create', registry, '--admin-user', 'on');
      const credentials = await operateJson<Credentials>(server, 'credentials', 'show', registry);
      passwords.set(registry, passwordIn(credentials, 'password2'));
    }
    await server.stop();
  }
  return {
    async copyTo(to) {
      await rm(to, { recursive: true, force: true });
      await cp(data, to, { recursive: true });
    },
    clientsOf: (url) =>
      new Map(
        [...passwords].map(([registry, password]) => {
          const host = `${registry}.azurecr.localhost:${new URL(url).port}`;
          return [registry, new ImpatientClient({ url }, { user: registry, password, host })];
        }),
      ),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
