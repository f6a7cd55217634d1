// Runs a command in the network namespace of a Docker engine that exists only for it:
//   node test/support/engines/with-engine.mjs -- npx vitest run --project docker
// Node 20 does not run TypeScript, so the program is loaded through jiti; the lanes start it bundled.
import { createJiti } from 'jiti';

await createJiti(import.meta.url, { fsCache: false }).import('../../fixtures/engines/with-engine.ts');
