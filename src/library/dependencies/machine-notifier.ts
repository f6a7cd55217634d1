import path from 'node:path';
import type { RunId } from '../../engine/model/ids.ts';
import { escapeTerminalControls } from '../../engine/model/json.ts';
import type { HistoryPort } from '../../engine/ports/history.ts';
import type { NotifierPort } from '../../engine/ports/notifier.ts';
import { runNotFound } from '../../engine/run/run-refusal.ts';
import { createCommandPort } from '../../host/commands/command.ts';
import { execaStarter } from '../../host/commands/start-command.ts';
import { systemClock } from '../../host/machine/clock.ts';
import { createNotifier, type NotifiedRun } from '../../host/notify/create-notifier.ts';
import { isAlive } from '../../host/processes/process.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { runRecord } from '../../review/record/run-record.ts';

/** Creates the notifier of this machine for the runs of a database. @param history called when a notice is sent */
export function machineNotifier(database: string, history: () => HistoryPort): NotifierPort {
  return createNotifier({
    command: createCommandPort(systemClock, execaStarter),
    clock: systemClock,
    database: path.resolve(database),
    read: (run) => notifiedRun(history(), run),
  });
}

/** Returns a run with its record, as `wf show --json` prints it, in one line. */
function notifiedRun(history: HistoryPort, id: RunId): NotifiedRun {
  const run = history.run(id);
  if (run === undefined) throw runNotFound(id);
  const record = runRecord(readRunMaterial(history, run), isAlive);
  const { workflow, status } = record;
  return { workflow, status, document: `${escapeTerminalControls(JSON.stringify(record))}\n` };
}
