/**
 * What a token of the directory may be for. Clients write an audience with and without a slash at its end, and what was
 * asked for comes back as it was asked.
 */
export const anyRegistry = 'https://containerregistry.azure.net';
/** What tokens for a federated login are for in Azure. */
export const workloadExchange = 'api://AzureADTokenExchange';
/** ACR takes tokens for Azure Resource Manager too. */
const resourceManager = ['https://management.azure.com', 'https://management.core.windows.net'];
/** Terraform asks for one before it does anything; it opens nothing here. */
const graph = 'https://graph.microsoft.com';

const plain = (audience: string): string => audience.replace(/\/+$/, '').toLowerCase();

/** Whether the directory gives out tokens for this audience: Azure's own, or ours (the origin that was asked). */
export function isKnownAudience(audience: string, origin: string): boolean {
  return opensRegistries(audience, origin) || plain(audience) === graph;
}

/** Whether a registry believes a token for this audience. `origin` is that of the token's issuer. */
export function opensRegistries(audience: string, origin: string): boolean {
  const given = plain(audience);
  return given === anyRegistry || resourceManager.includes(given) || given === plain(origin);
}
