/** A Markdown table. Cells must not hold line breaks; bars in them are escaped. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(headings), `|${' --- |'.repeat(headings.length)}`, ...rows.map(line)].join('\n');
}

/** What stands on top of every page that is made from the code. */
export function generatedNotice(source: string): string {
  return `<!-- Made from ${source}; a test fails while it is stale. To make it anew: node bin/run.mjs test/docs/write-documents.ts -->`;
}
