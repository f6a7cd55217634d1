import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { onHostName } from '../../../engine/model/on-host-name.ts';
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

const options = z.object({
  run: z.string(),
  place: z.string().optional(),
  container: z.string().optional(),
  json: z.boolean().default(false),
});

/**
 * `wf shell RUN [CONTAINER]` and `wf shell RUN HOST [CONTAINER]`: open a shell on a host of a run that no process advances, or in the
 * network of one of its containers, without changing the run. With --json, prints the command line that opens it.
 */
export const shell = defineCommand(
  options,
  async ({ run: reference, place, container: inner, json }, services, { out, err }) => {
    const { history, run } = findRun(await services.historyForReading(), reference, services.places.database);
    const refusal = shellRefusal(run, services.isAlive);
    if (refusal !== undefined) throw refusal;
    const { hosts: declared = {} } = run.options;
    const hosts = Object.keys(declared);
    const named = place !== undefined && (inner !== undefined || hosts.includes(place)) ? place : undefined;
    if (named !== undefined && !hosts.includes(named)) throw noSuchHost(run.id, named, hosts);
    const name = named === undefined ? place : inner;
    const runtime = (await services.runtimes())[run.runtime];
    const host = await runtime.find(run, declared, recordedHost(history, run));
    try {
      const entered = named === undefined ? host : await host.named(named);
      const container = name === undefined ? null : await containerOf(entered, run.id, name);
      const argv = entered.enter(shellArgv(), container);
      if (json) {
        const on = named === undefined ? {} : { host: named };
        writeJson(out, { run: run.id, ...on, container: container?.name ?? null, command: argv });
        return 0;
      }
      const where = onHostName(named, container === null ? `host (${run.runtime})` : container.name);
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

function noSuchHost(run: string, name: string, hosts: readonly string[]): WfError {
  return new WfError('E_USAGE', `run ${run} has no host "${name}"`, {
    hint: `${didYouMean(name, hosts)}Hosts: ${hosts.join(', ') || 'only its own'}.`,
  });
}

/** Skips the user's own settings, which would set another prompt. */
function shellArgv(): Argv {
  return findTool('bash') === undefined ? ['sh'] : ['bash', '--noprofile', '--norc'];
}

async function containerOf(host: Pick<FoundHost, 'containers'>, run: string, name: string): Promise<ContainerInfo> {
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
