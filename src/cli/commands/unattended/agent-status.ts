import process from 'node:process';
import { isSystemdBooted, readUnit } from '../../../host/systemd/unit-file.ts';
import { isoTime } from '../../../review/record/iso-time.ts';
import { durationText, momentText } from '../../../review/text/format/duration.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { agentUnitName } from '../../systemd/agent-unit.ts';
import { systemctl, unitPath } from '../../systemd/service-manager.ts';
import type { AgentOptions } from './agent.ts';

/** `wf agent status`: prints whether an agent of this database runs, what it waits for next, and its units. */
export async function agentStatus({ json }: AgentOptions, services: Services, terminal: Terminal): Promise<0> {
  const { clock, isAlive, places } = services;
  const now = clock.now();
  const history = await services.historyForReading();
  const registered = history?.agent();
  const agent = registered !== undefined && isAlive(registered.owner) ? registered : undefined;
  const next = history?.nextTimer(Number.MIN_SAFE_INTEGER);
  const units = await installedUnits(places.database, services);
  if (json) {
    writeJson(terminal.out, {
      database: places.database,
      running: agent !== undefined,
      pid: agent?.owner.pid ?? null,
      since: agent === undefined ? null : isoTime(agent.since),
      next: next === undefined ? null : { run: next.run, at: isoTime(next.dueAt) },
      units,
    });
    return 0;
  }
  writeLines(terminal.out, [
    agent === undefined
      ? `no agent of ${places.database} runs`
      : `process ${agent.owner.pid} is the agent of ${places.database} since ${momentText(agent.since)}`,
    next === undefined
      ? 'next: no run waits for a timer'
      : `next: the timer of run ${next.run} ${dueWords(next.dueAt, now)}`,
    ...(units.length === 0 ? ['unit: none; `wf agent install` makes one'] : []),
    ...units.map(({ name, file, active, enabled }) => `unit: ${name} (${file}) is ${active}, ${enabled}`),
  ]);
  return 0;
}

function dueWords(at: number, now: number): string {
  return at <= now ? `is due since ${momentText(at)}` : `is due at ${momentText(at)}, in ${durationText(at - now)}`;
}

/** Reads the units of the system and of this user. */
async function installedUnits(database: string, services: Services) {
  const name = agentUnitName(database);
  const { command } = await services.hostPorts();
  const units: { name: string; file: string; scope: string; active: string; enabled: string }[] = [];
  for (const scope of ['system', 'user'] as const) {
    const file = unitPath(name, scope);
    if (readUnit(file) === undefined) continue;
    const ask = systemctl(command, scope, process.env);
    const [active, enabled] = isSystemdBooted()
      ? await Promise.all([ask.state('is-active', name), ask.state('is-enabled', name)])
      : ['unknown', 'unknown'];
    units.push({ name, file, scope, active, enabled });
  }
  return units;
}
