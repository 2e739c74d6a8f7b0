import { newIssuerKey } from './identity/new-system-keys.ts';
import { systemKeyPurposes } from './identity/system-keys.ts';
import { jobContext } from './jobs/job-runner.ts';
import type { Sources } from './process-sources.ts';
import type { CommandBus } from './registry/commands.ts';
import type { MetadataReader } from './registry/metadata-reader.ts';
import type { KeyRing } from './sealing/key-ring.ts';

/**
 * Gives a deployment what it needs to have a directory: the first tenant and subscription, the key that the issuer
 * signs with, and the job that takes old sign-ins away. On a deployment that has both it changes nothing, so it is called at every start.
 */
export async function openDirectory(
  parts: { readonly reader: MetadataReader; readonly bus: CommandBus; readonly ring: KeyRing },
  sources: Sources,
): Promise<void> {
  const { reader, bus, ring } = parts;
  const options = () => ({ lane: 'deployment', context: jobContext(sources.newId, sources.now) });
  if ((await reader.listTenants()).length === 0) {
    const names = { tenantName: 'cerulean', subscriptionName: 'cerulean' };
    const ids = { tenant: sources.newId(), subscription: sources.newId() };
    await bus.execute('ensureDirectory', { ...ids, ...names }, options());
  }
  if ((await reader.listSystemKeys(systemKeyPurposes.issuer)).length === 0)
    await bus.execute('putSystemKey', await newIssuerKey(ring, 1), options());
  const sweep = { kind: 'expireSignIns', key: 'expireSignIns', payload: '{}' };
  await bus.execute('enqueueJob', { ...sweep, id: sources.newId(), runAt: sources.now() }, options());
}
