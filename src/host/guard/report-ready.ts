import { runChecked } from '../commands/checked-command.ts';
import { createCommandPort } from '../commands/command.ts';
import { execaStarter } from '../commands/start-command.ts';
import { systemClock } from '../machine/clock.ts';

const REPORT_MS = 10_000;

/** Reports to systemd that this service is ready, if systemd started it. @throws WfError E_HOST_COMMAND, E_TOOL_MISSING */
export async function reportReady(env: NodeJS.ProcessEnv): Promise<void> {
  if (env['NOTIFY_SOCKET'] === undefined) return;
  await runChecked(createCommandPort(systemClock, execaStarter), ['systemd-notify', '--ready'], {
    timeoutMs: REPORT_MS,
  });
}
