import * as z from 'zod/mini';
import { WfError } from '../../../engine/model/errors.ts';
import { planRecord } from '../../../review/record/plan-record.ts';
import { planListLines } from '../../../review/text/plan/plan-list.ts';
import { savedPlanLines } from '../../../review/text/plan/plan-text.ts';
import { nextLine } from '../../../review/text/run/end-of-run.ts';
import { findPlan } from '../../arguments/find-plan.ts';
import { defineCommand } from '../../define-command.ts';
import { jsonText, type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import { documentOptions, writeDocument } from '../../output/write-document.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({ ...documentOptions, plan: z.optional(z.string()) });

/** `wf plans [PLAN]`: lists all plans, shows one in full, or writes one to a file. */
export const plans = defineCommand(options, async (given, services, terminal) => {
  const { plan: reference, json, output } = given;
  if (reference === undefined) {
    if (output !== undefined) {
      throw new WfError('E_USAGE', '-o writes one plan', { hint: 'Name it: `wf plans PLAN -o FILE`.' });
    }
    await listPlans(json, services, terminal);
    return 0;
  }
  const { plan } = findPlan(await services.historyForReading(), reference, services.places.database);
  const record = planRecord(plan);
  if (output !== undefined || json) {
    writeDocument(
      { title: `plan ${plan.id}`, format: 'json', text: jsonText(record), about: { plan: plan.id } },
      given,
      terminal,
    );
    return 0;
  }
  const { style } = terminal.out;
  writeLines(terminal.out, savedPlanLines(plan, services.clock.now(), style));
  const next = plan.usedBy === null ? `wf apply ${plan.id}` : `wf show ${plan.usedBy}`;
  writeLines(terminal.out, ['', nextLine([next], style)]);
  return 0;
});

async function listPlans(json: boolean, services: Services, { out, err }: Terminal): Promise<void> {
  const found = (await services.historyForReading())?.plans() ?? [];
  if (json) writeJson(out, found.map(planRecord));
  else if (found.length > 0) writeLines(out, planListLines(found, services.clock.now(), out.style));
  else writeLines(err, ['No plans. Make one with `wf start WORKFLOW --plan`.']);
}
