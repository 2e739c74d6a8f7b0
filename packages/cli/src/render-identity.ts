import type {
  OperatorIdentityBinding,
  OperatorNewIdentityBinding,
} from '@cerulean/server/operator/access-protocol.ts';
import { renderFacts, renderRows } from './render-table.ts';

export const renderIdentityBindings = (bindings: readonly OperatorIdentityBinding[]): string =>
  renderRows(
    ['ID', 'IDENTITY', 'CLIENT ID', 'CALLER', 'SYSTEM ASSIGNED'],
    bindings.map((binding) => [
      binding.id,
      binding.identity,
      binding.clientId,
      binding.address ?? 'by header',
      binding.systemAssigned,
    ]),
  );

export const renderIdentityBinding = (binding: OperatorIdentityBinding): string =>
  renderIdentityBindings([binding]);

export function renderNewIdentityBinding(binding: OperatorNewIdentityBinding): string {
  if (binding.value === undefined) return renderIdentityBinding(binding);
  return [
    renderFacts([
      ['Id', binding.id],
      ['Identity', binding.identity],
      ['Client id', binding.clientId],
      ['IDENTITY_HEADER', binding.value],
    ]),
    'The header is shown this once: copy it now. IDENTITY_ENDPOINT is this server with /msi/token behind it.',
  ].join('\n');
}
