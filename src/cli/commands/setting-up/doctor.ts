import process from 'node:process';
import { z } from 'zod';
import { checkRequirements } from '../../../engine/run/preflight.ts';
import type { Requirement } from '../../../engine/workflow/requirement.ts';
import { findingRecord } from '../../../review/record/finding-record.ts';
import { type DoctorFinding, findingLines } from '../../../review/text/finding-text.ts';
import { defineCommand } from '../../define-command.ts';
import type { Check } from '../../doctor/check.ts';
import { databaseChecks } from '../../doctor/database-checks.ts';
import { machineChecks, toolChecks } from '../../doctor/machine-checks.ts';
import { runChecks } from '../../doctor/run-checks.ts';
import { workflowChecks } from '../../doctor/workflow-checks.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({ json: z.boolean().default(false) });

/** `wf doctor`: checks this machine and prints how to fix problems. Exits with 3 if runs cannot start. */
export const doctor = defineCommand(options, async ({ json }, services, { out }) => {
  const first = await run([...machineChecks(process.versions.node), ...databaseChecks(services)], services);
  const runtimes = await runtimeFindings(services);
  const known = [...first, ...runtimes];
  const others = await run(
    [...toolChecks(), ...(await workflowChecks(services, titlesOf(known))), ...runChecks(services)],
    services,
  );
  const findings = [...known, ...others];
  if (json) writeJson(out, findings.map(findingRecord));
  else writeLines(out, findingLines(findings, out.style));
  return findings.every(({ concerns, result }) => result.met || concerns !== 'run') ? 0 : 3;
});

async function run(checks: readonly Check[], services: Services): Promise<readonly DoctorFinding[]> {
  const results = await checkRequirements(
    checks.map(({ requirement }) => requirement),
    await services.hostPorts(),
  );
  return results.map((finding, index) => ({ ...finding, concerns: checks[index]?.concerns ?? 'run' }));
}

/** One usable runtime is enough: problems of the other one prevent no run. */
async function runtimeFindings(services: Services): Promise<readonly DoctorFinding[]> {
  const { docker, embedded } = await services.requirements();
  const shared = titlesOf(docker.map((requirement) => ({ requirement })));
  const host = await services.hostPorts();
  const [forDocker, forEmbedded] = await Promise.all([
    checkRequirements(docker, host),
    checkRequirements(embedded, host),
  ]);
  const works = [forDocker, forEmbedded].some((findings) => findings.every(({ result }) => result.met));
  const findings = [...forDocker, ...forEmbedded.filter(({ requirement }) => !shared.has(requirement.title))];
  return findings.map((finding) => ({ ...finding, concerns: works ? 'advice' : 'run' }));
}

function titlesOf(known: readonly { readonly requirement: Pick<Requirement, 'title'> }[]): ReadonlySet<string> {
  return new Set(known.map(({ requirement }) => requirement.title));
}
