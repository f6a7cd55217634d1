// Runs a command in the network namespace of a Docker engine that exists only for it:
//   node test/support/engines/with-engine.mjs -- npx vitest run --project docker
// Node 20 does not run TypeScript, so the work is loaded through jiti.
import { createJiti } from 'jiti';

const { runWithEngine } = await createJiti(import.meta.url, { fsCache: false }).import('./with-engine.ts');
process.exitCode = await runWithEngine(process.argv.slice(2));
