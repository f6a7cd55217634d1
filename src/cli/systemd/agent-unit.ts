import { sha256 } from '../../engine/model/digest.ts';
import { hardening, type Scope } from '../../host/systemd/hardening.ts';
import { plainValue, unitText } from '../../host/systemd/unit-text.ts';
import { serviceSettings } from './service-settings.ts';

/** Time for the running steps to finish when the agent is stopped. systemd then kills it, and nothing is lost. */
export const STOP_SECONDS = 300;

/** Returns the name of the unit of a database. */
export function agentUnitName(database: string): string {
  return `wf-agent-${sha256(database).slice(0, 8)}.service`;
}

/** The first line of the unit of a database, by which wf knows its own. */
export function agentUnitComment(database: string): string {
  return `Written by \`wf agent install\` for ${database}; \`wf agent uninstall\` removes it.`;
}

/** Returns the text of the unit of a database. @param args options of the agent */
export function agentUnitText(
  database: string,
  args: readonly string[],
  scope: Scope,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const isSystem = scope === 'system';
  return unitText(agentUnitComment(database), [
    {
      name: 'Unit',
      settings: [
        ['Description', plainValue(`wf agent of ${database}`)],
        // Only ordering: resumed runs find the engine running, and stop before it does.
        ...(isSystem ? [['After', 'network-online.target docker.service'] as const] : []),
        // A database that is locked, or a full disk, must not end the restarts.
        ['StartLimitIntervalSec', '0'],
      ],
    },
    {
      name: 'Service',
      settings: [
        ['Type', 'exec'],
        ...serviceSettings(['agent', '--db', database, ...args], env),
        ['Restart', 'always'],
        ['RestartSec', '5'],
        ['TimeoutStopSec', String(STOP_SECONDS)],
        ...hardening(scope),
      ],
    },
    { name: 'Install', settings: [['WantedBy', isSystem ? 'multi-user.target' : 'default.target']] },
  ]);
}
