import { z } from 'zod';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import type { RegisteredAgent } from '../../../history/agent-work.ts';
import type { History } from '../../../history/history.ts';
import { ownProcess } from '../../../host/processes/process.ts';
import type { UiServer } from '../../../ui/server/start-ui.ts';
import { defineCommand } from '../../define-command.ts';
import { type AgentEvent, printAgentEvent } from '../../output/agent-output.ts';
import { signalExitCode } from '../../output/errors/exit-code.ts';
import type { StopSignal, Terminal } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { type AskedUi, askedUi, uiArguments, uiOptions } from '../../serving/ui-options.ts';
import { advanceDue } from './advance-due.ts';
import { type AskedFleet, askedFleet, fleetOptions } from './fleet-options.ts';

const ACTIONS = ['install', 'uninstall', 'status'] as const;

/** Default number of concurrent runs: they mostly wait for the host, so more than the processors, but few enough to fingerprint them. */
export const CONCURRENCY = 8;

const options = z.object({
  action: z.enum(ACTIONS).optional(),
  concurrency: z.number().default(CONCURRENCY),
  user: z.boolean().default(false),
  ui: z.boolean().default(false),
  ...uiOptions.shape,
  ...fleetOptions.shape,
  json: z.boolean().default(false),
});
export type AgentOptions = z.output<typeof options>;

/** `wf agent [install|uninstall|status]`: advances the runs without a live owner, or sets up a service that does. */
export const agent = defineCommand(options, async (given, services, terminal) => {
  switch (given.action) {
    case undefined:
      if (given.user) throw onlyWith('--user', 'wf agent install or uninstall');
      return advanceRuns(given, services, terminal);
    case 'install':
      return (await import('./agent-install.ts')).installAgent(given, services, terminal);
    case 'uninstall':
      return (await import('./agent-install.ts')).uninstallAgent(given, services, terminal);
    case 'status':
      if (given.user) throw onlyWith('--user', 'wf agent install or uninstall');
      return (await import('./agent-status.ts')).agentStatus(given, services, terminal);
  }
});

/** Advances runs until a stop signal, then exits with 0 once no step is under way. A second signal ends the process at once. */
async function advanceRuns(given: AgentOptions, services: Services, terminal: Terminal): Promise<0> {
  const { concurrency, json } = given;
  const { clock, places, isAlive } = services;
  const asked = uiOf(given);
  const fleet = askedFleet(given);
  const [history, engine] = [await services.history(), await services.engine()];
  const report = (event: AgentEvent) => printAgentEvent(terminal.out, event, clock.now(), json);
  const owner = ownProcess();
  const other = history.registerAgent({ owner, since: clock.now() }, isAlive);
  if (other !== null) throw alreadyRunning(other, places.database);
  let page: UiServer | undefined;
  try {
    let running: Agent | undefined;
    let stopped: StopSignal | undefined;
    const stop = (signal: StopSignal) => {
      if (stopped !== undefined) terminal.exitNow(signalExitCode(signal));
      stopped = signal;
      running?.drain(signal);
    };
    const unlisten = [terminal.onStopSignal(stop), terminal.onHangup(() => stop('SIGTERM'))];
    report({ did: 'started', database: places.database, pid: owner.pid, concurrency });
    if (asked !== undefined) {
      page = await servePage(asked, services, history, report);
    }
    const begin = advanceDue(engine, history, services, {
      notNotified: (notice, error) => report({ did: 'not-notified', ...notice, error }),
    });
    running = startAgent({ history, clock, owner, isAlive, concurrency, begin, release: engine.releaseLease, report });
    // The signal arrived while the page was starting.
    if (stopped !== undefined) running.drain(stopped);
    const joined = fleet === undefined ? undefined : join(fleet, { history, owner }, running, services, report);
    await Promise.all([running.done, joined]).finally(() => {
      for (const end of unlisten) end();
    });
    report({ did: 'ended' });
    return 0;
  } finally {
    await page?.close();
    unregister(history, owner);
  }
}

/** Carries out parts of fleet runs until the agent is drained. An error drains the agent. */
async function join(
  fleet: AskedFleet,
  process: { readonly history: History; readonly owner: Owner },
  running: Agent,
  services: Services,
  report: (event: AgentEvent) => void,
): Promise<void> {
  const { joinFleet } = await import('./join-fleet.ts');
  const draining = new AbortController();
  const drained = running.draining.then(() => draining.abort());
  try {
    await joinFleet(fleet, process, services, report, draining.signal);
  } catch (thrown) {
    running.drain('SIGTERM');
    await running.done;
    throw thrown;
  }
  await drained;
}

/** Serves the page. If another process serves it or has taken its address, the agent advances its runs without a page. */
async function servePage(
  asked: AskedUi,
  services: Services,
  history: History,
  report: (event: AgentEvent) => void,
): Promise<UiServer | undefined> {
  const { serveUi } = await import('../../serving/serve-ui.ts');
  try {
    const { pid, url, server } = await serveUi(asked, services, history);
    report({ did: 'serving', pid, url });
    return server;
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_UI_RUNNING' && error.code !== 'E_ADDRESS_IN_USE') throw thrown;
    report({ did: 'not-serving', error });
    return undefined;
  }
}

/** Returns the options of the page that an agent serves; undefined without --ui. @throws WfError E_USAGE */
export function uiOf(given: AgentOptions): AskedUi | undefined {
  if (given.ui) return askedUi(given);
  const [option] = uiArguments(given);
  if (option !== undefined) throw onlyWith(option, 'wf agent --ui');
  return undefined;
}

/** If this fails, the next agent finds that this process is dead. */
function unregister(history: History, owner: Owner): void {
  try {
    history.unregisterAgent(owner);
  } catch {
    // The error that ended the agent is reported instead.
  }
}

function alreadyRunning({ owner: { pid } }: RegisteredAgent, database: string): WfError {
  return new WfError('E_AGENT_RUNNING', `process ${pid} is the agent of ${database} already`, {
    hint: 'One agent per database: inspect it with `wf agent status`.',
    details: { pid },
  });
}

function onlyWith(option: string, actions: string): WfError {
  return new WfError('E_USAGE', `${option} requires ${actions}`, { hint: `Leave ${option} out.` });
}
