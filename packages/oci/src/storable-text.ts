/** True for text that any database keeps as it is: PostgreSQL has no NUL in text, UTF-8 no half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
