import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** For tests that run the built command: brings dist/ up to date with the sources, where it is not. */
export default function buildWf(): void {
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL('../../scripts/set-up.mjs', import.meta.url)), '--build-only'],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
}
