import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { RegisteredAgent } from '../../../history/agent-work.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { userName } from '../../../host/machine/requester.ts';
import type { Scope } from '../../../host/systemd/hardening.ts';
import { readUnit, removeUnit, writeUnit } from '../../../host/systemd/unit-file.ts';
import { ownUser } from '../../../trust/users.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { uiArguments } from '../../serving/ui-options.ts';
import { agentUnitComment, agentUnitName, agentUnitText } from '../../systemd/agent-unit.ts';
import { requireRootOwned } from '../../systemd/require-root-owned.ts';
import { requireSystemd, type Systemctl, scopeOf, systemctl, unitPath } from '../../systemd/service-manager.ts';
import { type AgentOptions, uiOf } from './agent.ts';
import { askedFleet, fleetArguments } from './fleet-options.ts';

const ROOT = 0;
/** The agent opens its database within this time. */
const START_MS = 20_000;
const READ_MS = 100;

interface Unit {
  readonly name: string;
  readonly file: string;
  readonly scope: Scope;
  readonly systemctl: Systemctl;
}

/** `wf agent install`: writes, enables and starts the unit of this database. Running it again repairs whatever is missing. */
export async function installAgent(given: AgentOptions, services: Services, terminal: Terminal): Promise<0> {
  const { concurrency, user, json } = given;
  const { database } = services.places;
  const page = uiOf(given) === undefined ? [] : ['--ui', ...uiArguments(given)];
  const fleet = askedFleet(given) === undefined ? [] : fleetArguments(given);
  requireSystemd();
  const unit = await unitOf(database, user, services);
  const { name, file, scope } = unit;
  const history = await services.history();
  if (ownUser() === ROOT) requireRootOwned(services.places);
  const before = ownUnit(unit, database);
  const text = agentUnitText(database, ['--concurrency', String(concurrency), ...page, ...fleet], scope, process.env);
  if (before !== text) writeUnit(file, text);
  const written = `the unit ${file} is written`;
  await unit.systemctl.call(['daemon-reload'], written);
  await unit.systemctl.call(['enable', name], `${written}, but not enabled`);
  const isActive = (await unit.systemctl.state('is-active', name)) === 'active';
  const verb = isActive && before === text ? 'start' : 'restart';
  await unit.systemctl.call([verb, name], `${written} and enabled, but not started`);
  const agent = await startedAgent(history, services);
  if (agent === undefined) throw notStarted(unit);
  const lingers = scope === 'system' || existsSync(path.join('/var/lib/systemd/linger', userName()));
  if (json) {
    writeJson(terminal.out, { unit: name, file, scope, pid: agent.owner.pid, lingers });
    return 0;
  }
  writeLines(terminal.out, [`agent of ${database} installed as ${name} (${file}); process ${agent.owner.pid} runs`]);
  if (!lingers) {
    const words = `it runs while ${userName()} is logged in; \`loginctl enable-linger ${userName()}\` starts it with the machine`;
    writeLines(terminal.err, [words]);
  }
  return 0;
}

/** `wf agent uninstall`: stops the unit of this database, which drains the agent, and removes it. */
export async function uninstallAgent({ user, json }: AgentOptions, services: Services, terminal: Terminal): Promise<0> {
  const { database } = services.places;
  const unit = await unitOf(database, user, services);
  const { name, file, scope } = unit;
  const isInstalled = ownUnit(unit, database) !== undefined;
  if (isInstalled) {
    requireSystemd();
    await unit.systemctl.call(['disable', '--now', name], `the unit ${file} is still there`);
    removeUnit(file);
    await unit.systemctl.call(['daemon-reload'], `the unit ${file} is stopped and removed`);
  }
  if (json) writeJson(terminal.out, { unit: name, file, scope, removed: isInstalled });
  else
    writeLines(terminal.out, [
      isInstalled ? `${name} stopped and removed (${file})` : `nothing to remove: there is no ${file}`,
    ]);
  return 0;
}

async function unitOf(database: string, user: boolean, services: Services): Promise<Unit> {
  const scope = scopeOf(user);
  const name = agentUnitName(database);
  const { command } = await services.hostPorts();
  return { name, file: unitPath(name, scope), scope, systemctl: systemctl(command, scope, process.env) };
}

/** Returns the text of the unit if wf wrote it for this database; undefined if there is no unit. @throws WfError E_UNIT_EXISTS */
function ownUnit({ file }: Unit, database: string): string | undefined {
  const text = readUnit(file);
  if (text === undefined || text.startsWith(`# ${agentUnitComment(database)}\n`)) return text;
  throw new WfError('E_UNIT_EXISTS', `${file} exists, and was not written by wf for ${database}`, {
    hint: 'Nothing was changed. Remove the file, or rename it, if nobody needs it.',
    details: { file },
  });
}

/** Waits for a live agent of the database. Returns undefined after the time limit. */
async function startedAgent(
  history: HistoryReader,
  { clock, isAlive }: Services,
): Promise<RegisteredAgent | undefined> {
  const until = clock.now() + START_MS;
  for (;;) {
    const agent = history.agent();
    if (agent !== undefined && isAlive(agent.owner)) return agent;
    if (clock.now() >= until) return undefined;
    await pause(clock, READ_MS);
  }
}

function notStarted({ name, scope }: Unit): WfError {
  const option = scope === 'user' ? '--user ' : '';
  return new WfError('E_SYSTEMD', `${name} is installed and enabled, but no agent has started`, {
    hint: `Read its output with \`journalctl ${option}-u ${name}\`.`,
  });
}
