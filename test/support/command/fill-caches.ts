import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { sharedCache } from './shared-cache.ts';
import { startWf } from './wf-process.ts';

/** Commands that tests kill in most cases, before they keep their compiled code; each with what it prints once it has started. */
const SERVICES = [
  [['agent'], /started/],
  [['ui', '--port=0'], /#token=/],
] as const;

/** Fills the shared cache with the compiled code of these commands. */
export async function fillCaches(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-fill-'));
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: folder, WF_DB: path.join(folder, 'wf.db'), ...sharedCache() };
  for (const [args, started] of SERVICES) {
    const wf = startWf(args, { cwd: folder, env });
    await wf.printed(started);
    wf.kill('SIGTERM');
    await wf.end;
  }
  rmSync(folder, { recursive: true });
}
