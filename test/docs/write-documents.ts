/** Writes the pages of docs/ that are made from the code: `node bin/run.mjs test/docs/write-documents.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocuments } from './generated-documents.ts';
import { repository } from './proof.ts';

for (const [name, make] of Object.entries(generatedDocuments)) {
  writeFileSync(join(repository, 'docs', name), make());
  process.stdout.write(`docs/${name}\n`);
}
