import { readRunMaterial, stageNamesOf } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { endOfRunLines } from '../../../review/text/run/end-of-run.ts';
import type { FoundRun } from '../../arguments/find-run.ts';
import { type FollowEnd, followJournal, stoppedFollowing } from '../../follow/follow-journal.ts';
import { introduction } from '../../follow/follow-run.ts';
import { createProgressView } from '../../output/progress-view.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** `wf show RUN --follow`: follows a run that another process advances, then prints its result. */
export async function showFollowing(
  { history, run: { id, workflow, definitionHash } }: FoundRun,
  json: boolean,
  services: Services,
  terminal: Terminal,
): Promise<FollowEnd> {
  const { out, progress } = terminal;
  const stages = stageNamesOf(history.definition(definitionHash));
  const view = createProgressView(progress, services.clock, stages);
  let end: FollowEnd;
  try {
    view.print(introduction(id, workflow));
    end = await followJournal(history, id, services, terminal, (entries) => {
      for (const entry of entries) view.observer.committed?.(entry);
    });
  } finally {
    view.end();
  }
  if (end.type === 'stopped') writeLines(progress, [stoppedFollowing(id)]);
  const run = history.run(id);
  if (run === undefined || (end.type === 'stopped' && !json)) return end;
  const material = readRunMaterial(history, run);
  const record = runRecord(material, services.isAlive);
  if (json) writeJson(out, record);
  else writeLines(out, endOfRunLines(material, record, out.style));
  return end;
}
