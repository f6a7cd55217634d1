import type { RunId } from '../../engine/model/ids.ts';

/** A guard as a service of systemd. */
export interface GuardUnit {
  readonly run: RunId;
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function guardUnitName(run: RunId): string {
  return `wf-guard@${run}.service`;
}

/** Returns the text of a unit that starts a guard now, again after it has failed, and at each boot. */
export function guardUnitText({ run, command, folder, environment }: GuardUnit): string {
  return `# Made by wf for run ${run}, which is undone unless somebody confirms it. wf removes this file when the run has ended.
[Unit]
Description=wf guard of run ${run}
After=local-fs.target docker.service
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${command.map(quoted).join(' ')}
WorkingDirectory=-${folder.replaceAll('%', '%%')}
${Object.entries(environment)
  .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`)
  .join('')}Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
}

/** Quotes a word for systemd, which expands % and $. */
function quoted(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return `"${escaped}"`;
}
