import process from 'node:process';
import { z } from 'zod';
import { lookAtRequirements } from '../../engine/preflight.ts';
import { type DoctorFinding, findingLines } from '../../review/text/finding-text.ts';
import { defineCommand } from '../define-command.ts';
import type { Check } from '../doctor/check.ts';
import { databaseChecks } from '../doctor/database-checks.ts';
import { machineChecks, toolChecks } from '../doctor/machine-checks.ts';
import { runChecks } from '../doctor/run-checks.ts';
import { workflowChecks } from '../doctor/workflow-checks.ts';
import { writeJson, writeLines } from '../terminal.ts';
import type { Wire } from '../wire-types.ts';

const options = z.object({ json: z.boolean().default(false) });

/** `wf doctor`: what works on this machine, what does not, and what to do about it. 3 where a run lacks something that it needs. */
export const doctor = defineCommand(options, async ({ json }, wire, { out }) => {
  const checks = await allChecks(wire);
  const results = await lookAtRequirements(
    checks.map(({ requirement }) => requirement),
    await wire.hostPorts(),
  );
  const findings = results.map(
    (finding, index): DoctorFinding => ({ ...finding, concerns: checks[index]?.concerns ?? 'run' }),
  );
  if (json) writeJson(out, findings.map(findingRecord));
  else writeLines(out, findingLines(findings, out.style));
  return findings.every(({ concerns, result }) => result.met || concerns !== 'run') ? 0 : 3;
});

async function allChecks(wire: Wire): Promise<readonly Check[]> {
  const required = (await wire.requirements()).map((requirement): Check => ({ requirement, concerns: 'run' }));
  const first = [...machineChecks(process.versions.node), ...databaseChecks(wire), ...required, ...toolChecks()];
  return [...first, ...(await workflowChecks(wire, first)), ...runChecks(wire)];
}

function findingRecord({ requirement: { title, purpose }, result, concerns }: DoctorFinding) {
  return {
    title,
    purpose,
    needed: concerns === 'run',
    met: result.met,
    found: result.met ? result.found : null,
    error: result.met ? null : result.error.toRecord(),
  };
}
