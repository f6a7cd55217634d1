// Writes the generated pages of docs/reference/.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';

const root = fileURLToPath(new URL('..', import.meta.url));
const { REFERENCE_PAGES } = await createJiti(root).import('./scripts/reference-pages.ts');
for (const [page, text] of Object.entries(REFERENCE_PAGES)) {
  writeFileSync(new URL(page, `file://${root}`), text());
  process.stdout.write(`wrote ${page}\n`);
}
