import { z } from 'zod';
import type { PreflightFinding } from '../../engine/engine.ts';
import { lookAtRequirements } from '../../engine/preflight.ts';
import { findingLines } from '../../review/text/finding-text.ts';
import { defineCommand } from '../define-command.ts';
import { writeJson, writeLines } from '../terminal.ts';

const options = z.object({ json: z.boolean().default(false) });

/** `wf doctor`: what works on this machine, what does not, and what to do about it. */
export const doctor = defineCommand(options, async ({ json }, wire, { out }) => {
  const host = await wire.hostPorts();
  const findings = await lookAtRequirements(await wire.requirements(), host);
  if (json) writeJson(out, findings.map(findingRecord));
  else writeLines(out, findingLines(findings, out.style));
  return findings.every(({ result }) => result.met) ? 0 : 3;
});

function findingRecord({ requirement: { title, purpose }, result }: PreflightFinding) {
  return {
    title,
    purpose,
    met: result.met,
    found: result.met ? result.found : null,
    error: result.met ? null : result.error.toRecord(),
  };
}
