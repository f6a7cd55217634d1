import type { Argv, CommandResult } from '../../engine/ports/command.ts';
import type { FolderIdentity } from '../../engine/ports/files.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { requireSuccess } from '../../host/commands/checked-command.ts';

/** Copying or archiving the largest file takes seconds. */
const TIMEOUT_MS = 60_000;

/** The folder of `runInFolder`, as its command sees it. */
export const FOLDER = '/proc/self/fd/3';

/**
 * Runs a command for which FOLDER is the open folder. Its output may contain the content of a file: wf neither records nor reports it.
 * @throws WfError E_HOST_COMMAND, E_TOOL_MISSING, E_PERMISSION
 */
export async function runInFolder(
  context: HostContext,
  folder: FolderIdentity,
  argv: Argv,
  maxOutputBytes = 1024,
): Promise<CommandResult> {
  const { host, signal } = context;
  const { descriptor, close } = await host.files.openFolder(folder);
  try {
    const options = { timeoutMs: TIMEOUT_MS, signal, inherited: descriptor, maxOutputBytes };
    const result = await host.command.run(argv, options);
    requireSuccess({ ...result, stdout: '' }, TIMEOUT_MS);
    return result;
  } finally {
    close();
  }
}
