import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { WfError } from '../../engine/model/errors.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import { stateFolder } from '../../host/machine/user-folders.ts';
import { escapeHtml } from '../../review/report/markup.ts';
import { privateFolder } from '../../trust/private-folder.ts';
import type { Services } from '../services/services.ts';

const START_MS = 10_000;
/** Time for the browser to read the file. */
const READ_MS = 10_000;

/** Opens a link through a private file: other users can read the command line of the browser. @throws WfError E_TOOL_MISSING */
export async function openInBrowser(link: string, { hostPorts, clock }: Services): Promise<void> {
  const state = stateFolder(process.env);
  const folder = state === undefined ? undefined : privateFolder(path.join(state, 'ui'));
  if (folder === undefined) {
    throw new WfError('E_UNTRUSTED', 'this user has no private folder for --open', { hint: 'Open the printed link.' });
  }
  const file = path.join(folder, `open-${randomBytes(8).toString('hex')}.html`);
  const html = `<!doctype html><meta charset="utf-8"><title>wf</title><meta http-equiv="refresh" content="0; url=${escapeHtml(link)}">\n`;
  writeFileSync(file, html, { mode: 0o600, flag: 'wx' });
  const remove = () => rmSync(file, { force: true });
  try {
    const { command } = await hostPorts();
    await runChecked(command, ['xdg-open', pathToFileURL(file).href], { timeoutMs: START_MS });
  } catch (thrown) {
    remove();
    throw thrown;
  }
  clock.after(READ_MS, remove, true);
  process.once('exit', remove);
}
