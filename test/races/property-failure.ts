import fc from 'fast-check';

/** What went wrong first, with what repeats it; empty when nothing did. */
export function propertyFailure<Values>(details: fc.RunDetails<Values>): string {
  if (!details.failed) return '';
  const { errorInstance } = details;
  const error = errorInstance instanceof Error ? `${errorInstance.name}: ${errorInstance.message}` : '';
  return `${error}\n${fc.defaultReportMessage(details)}`;
}
