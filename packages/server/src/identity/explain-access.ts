/** «Why may he not?»: the decision as every surface makes it, about somebody else, with its reason. */
import { parseRepositoryName } from '@cerulean/oci/repository-name.ts';
import { type Action, isRegistryAction } from '../access/action.ts';
import { anonymousPrincipal } from '../access/anonymous-principal.ts';
import { authorise, type Decision, type Principal, type Resource } from '../access/authorise.ts';
import { RegistryError } from '../errors.ts';
import type { MetadataReader, RegistryRow } from '../registry/metadata-reader.ts';
import { createDirectory } from './directory.ts';
import { fromGuid } from './guid.ts';

export interface ExplainedQuestion {
  /** A name, an object id or a client id of a principal; a token; the admin user; `anonymous`; `ISSUER:SUBJECT`. */
  readonly principal: string;
  readonly action: Action;
  readonly repository: string | undefined;
}

export interface Explanation extends Decision {
  readonly principal: Principal;
}

/**
 * What is decided for this principal in this registry, and by what.
 * @throws resource_unknown for a principal that there is none of, name_invalid for a repository's name that is none
 */
export async function explainAccess(
  reader: MetadataReader,
  registry: RegistryRow,
  question: ExplainedQuestion,
): Promise<Explanation> {
  const resource = resourceOf(registry, question);
  const principal = await principalNamed(reader, registry, question.principal);
  const asked = { caller: { principal, bound: undefined }, action: question.action, resource };
  return { principal, ...authorise(asked, registry.settings) };
}

async function principalNamed(
  reader: MetadataReader,
  registry: RegistryRow,
  named: string,
): Promise<Principal> {
  if (named === 'anonymous') return anonymousPrincipal(registry.id);
  // Nothing is remembered here: the answer is for a person, about now.
  const directory = createDirectory({ reader, epoch: { current: () => 0 } });
  const byLogin = await directory.principalByLogin(registry, named);
  if (byLogin !== undefined) return byLogin;
  const id = (await outsideId(reader, named)) ?? (await directoryId(reader, named));
  const seen = id === undefined ? undefined : await directory.principalById(id, registry);
  if (seen !== undefined) return seen;
  throw new RegistryError(
    'resource_unknown',
    `There is no principal ${named}; see: principal list. Make one with: principal create ${named}`,
  );
}

/** Whoever a trusted issuer let in, by the issuer's name and the subject; undefined for a name of another form. */
async function outsideId(reader: MetadataReader, named: string): Promise<string | undefined> {
  const colon = named.indexOf(':');
  const issuer = (await reader.listTrustedIssuers()).find(({ name }) => name === named.slice(0, colon));
  if (colon < 0 || issuer === undefined) return undefined;
  const subject = named.slice(colon + 1);
  const found = await reader.findOutsidePrincipal(issuer.id, subject);
  if (found !== undefined) return found.id;
  const message = `The trusted issuer ${issuer.name} has let in no subject «${subject.slice(0, 256)}» yet; its log lines say why it refuses one.`;
  throw new RegistryError('resource_unknown', message);
}

async function directoryId(reader: MetadataReader, named: string): Promise<string | undefined> {
  const [tenant] = await reader.listTenants();
  if (tenant === undefined) return undefined;
  const principals = await reader.listDirectoryPrincipals(tenant.id);
  const id = fromGuid(named);
  return (principals.find(({ name }) => name === named) ?? principals.find((row) => row.id === id))?.id;
}

function resourceOf(registry: RegistryRow, { action, repository }: ExplainedQuestion): Resource {
  if (isRegistryAction(action)) return { type: 'registry', registry: registry.id };
  const name = parseRepositoryName(repository ?? '');
  if (name !== undefined) return { type: 'repository', registry: registry.id, name };
  throw new RegistryError(
    'name_invalid',
    `Say on which repository: «${(repository ?? '').slice(0, 64)}» is no repository's name.`,
  );
}
