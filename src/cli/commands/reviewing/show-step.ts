import { findStep } from '../../../review/query/find-step.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { stepDetail } from '../../../review/record/steps/step-detail.ts';
import { stepViewLines } from '../../../review/text/run/step-view.ts';
import type { FoundRun } from '../../arguments/find-run.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** `wf show RUN STEP`: shows one step in full. @throws WfError E_STEP_NOT_FOUND */
export function showStep(
  { history, run }: FoundRun,
  id: string,
  json: boolean,
  services: Services,
  { out }: Terminal,
): void {
  const material = readRunMaterial(history, run);
  const step = findStep(material.steps, id, run.id);
  const record = runRecord(material, services.isAlive);
  const evidence = history.evidence(run.id, step.id);
  const detail = stepDetail(material, record, step, evidence);
  if (json) writeJson(out, detail);
  else
    writeLines(out, stepViewLines(detail, { material, record, step, evidence, now: services.clock.now() }, out.style));
}
