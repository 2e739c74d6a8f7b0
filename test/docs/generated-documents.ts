import { compatibilityDocument } from './compatibility-document.ts';
import { configurationDocument } from './configuration-document.ts';
import { errorsDocument } from './errors-document.ts';
import { limitsDocument } from './limits-document.ts';

/** The pages below docs/ that are made from the code, each with how it is made. */
export const generatedDocuments: Readonly<Record<string, () => string>> = {
  'limits.md': limitsDocument,
  'errors.md': errorsDocument,
  'configuration.md': configurationDocument,
  'acr-compatibility.md': compatibilityDocument,
};
