/** Text of a client in quotes for a message: control characters escaped, cut after `charsMax` characters. */
export function quoteText(text: string, charsMax = 80): string {
  return JSON.stringify(text.length > charsMax ? `${text.slice(0, charsMax)}…` : text);
}
