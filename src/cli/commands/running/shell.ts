import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { recordedHost } from '../../../engine/place/recorded-host.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { ContainerInfo } from '../../../engine/ports/docker.ts';
import type { FoundHost } from '../../../engine/ports/runtime.ts';
import { findTool } from '../../../host/commands/find-tool.ts';
import { runInteractive } from '../../../host/commands/interactive.ts';
import { nextActions, shellRefusal } from '../../../review/actions/allowed-actions.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runStatus } from '../../../review/record/run-status.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';
import { suggestedCommand } from '../../../review/text/suggestion.ts';
import { findRun } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({ run: z.string(), container: z.string().optional(), json: z.boolean().default(false) });

/**
 * `wf shell RUN [CONTAINER]`: opens a shell on the host of a run that no process advances, or in the network of one of its
 * containers, without changing the run. With --json, prints the command line that opens it.
 */
export const shell = defineCommand(
  options,
  async ({ run: reference, container: name, json }, services, { out, err }) => {
    const { history, run } = findRun(await services.historyForReading(), reference, services.places.database);
    const refusal = shellRefusal(run, services.isAlive);
    if (refusal !== undefined) throw refusal;
    const runtime = (await services.runtimes())[run.runtime];
    const host = await runtime.find(run, recordedHost(history, run));
    try {
      const container = name === undefined ? null : await containerOf(host, run.id, name);
      const argv = host.enter(shellArgv(), container);
      if (json) {
        writeJson(out, { run: run.id, container: container?.name ?? null, command: argv });
        return 0;
      }
      const where = container === null ? `host (${run.runtime})` : container.name;
      const status = runStatus(run, services.isAlive);
      const actions = nextActions(readRunMaterial(history, run), status);
      const next = actions.map((action) => suggestedCommand(action, err.style)).join('    ');
      writeLines(err, [`${where} of run ${run.id}, which is ${status}; \`exit\` leaves it as it is.  ${next}`]);
      const env = { ...process.env, PS1: `[wf ${run.id} ${where}] # `, ENV: '', PROMPT_COMMAND: '' };
      await runInteractive(argv, env);
    } finally {
      host.close();
    }
    return 0;
  },
);

/** Omits the user's own settings, which would set another prompt. */
function shellArgv(): Argv {
  return findTool('bash') === undefined ? ['sh'] : ['bash', '--noprofile', '--norc'];
}

async function containerOf(host: FoundHost, run: string, name: string): Promise<ContainerInfo> {
  const containers = (await host.containers()).filter(({ running }) => running);
  const names = containers.map((container) => container.name).toSorted();
  const found =
    containers.find((container) => container.name === name) ??
    containers.find((container) => container.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new WfError('E_USAGE', `run ${run} has no running container "${name}"`, {
    hint: `${didYouMean(name, names)}Running: ${names.join(', ') || 'none'}.`,
  });
}
