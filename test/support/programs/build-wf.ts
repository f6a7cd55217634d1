import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const atRoot = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));

/** Brings dist/ up to date with the sources for tests that run the built command. The returned function throws if a test left a private host. */
export default function buildWf(): () => void {
  const setUp = [atRoot('scripts/set-up.mjs'), '--build-only'];
  execFileSync(process.execPath, setUp, { stdio: ['ignore', 'inherit', 'inherit'] });
  return () => {
    const left = readdirSync('/proc').filter(
      (pid) => /^\d+$/.test(pid) && isOfThisLane(pid) && commandOf(pid).includes(atRoot('dist/private-host.cjs')),
    );
    if (left.length === 0) return;
    // Vitest itself would only print the error.
    process.exitCode = 1;
    throw new Error(`a test has left private hosts behind: processes ${left.join(', ')}`);
  };
}

/** The machine itself sees the processes of all lanes. */
function isOfThisLane(pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
  } catch {
    return false; // ended meanwhile
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}
