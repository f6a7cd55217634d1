import { z } from 'zod';
import { type Change, type Difference, type Verification, verificationSchema } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { Evidence } from '../../engine/model/evidence.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';

/** Two fingerprints take tenths of a second; the rest is for a host that settles slowly. */
const TIMEOUT_MS = 60_000;

/** Verifies that the host is as it was before the run's first change; fails if anything of the run is left. */
export const verifyHost = defineStep({
  kind: 'host.verify',
  description: 'Compares the host with its state before the first change of the run.',
  input: z.object({}),
  output: z.object(verificationSchema().shape),
  timeoutMs: TIMEOUT_MS,
  commands: () => [],
  rehearse: () => ({ restored: true, residues: [], unexplained: [], drift: [], notCompared: [] }),
  async read(_input, context) {
    const startedAt = context.host.clock.now();
    const verification = await context.ledger.verify();
    const report = reportOf(verification, context.ledger.changes());
    context.record(evidenceOfVerification(report, verification.restored, startedAt, context.host.clock.now()));
    if (!verification.restored) throw residueError(verification, context.run);
    return verification;
  },
});

function evidenceOfVerification(output: string, restored: boolean, startedAt: number, endedAt: number): Evidence {
  return {
    command:
      '# compare the host with its fingerprint before the first change, and check that every change in the ledger is settled',
    output,
    exitCode: restored ? 0 : 1,
    startedAt,
    durationMs: endedAt - startedAt,
  };
}

function reportOf(verification: Verification, changes: readonly Change[]): string {
  const { restored, residues, unexplained, drift, notCompared } = verification;
  return [
    `${counted(changes.length, 'change')} in the ledger${statusCounts(changes)}`,
    `${counted(residues.length, 'residue')} of this run`,
    ...residues.map(lineOf),
    counted(unexplained.length, 'unexplained difference'),
    ...unexplained.map(lineOf),
    `${counted(drift.length, 'difference')} that this run did not make`,
    ...drift.map(lineOf),
    ...notCompared.map(({ subject, reason }) => `not compared: ${subject} (${reason})`),
    restored ? 'The host is as it was before this run.' : 'The host is not as it was before this run.',
  ].join('\n');
}

function statusCounts(changes: readonly Change[]): string {
  const statuses = [...new Set(changes.map(({ status }) => status))];
  const counts = statuses.map((status) => `${changes.filter((change) => change.status === status).length} ${status}`);
  return counts.length === 0 ? '' : `: ${counts.join(', ')}`;
}

function lineOf({ subject, difference, owner, reason }: Difference): string {
  return `  ${difference}: ${subject} (${owner}: ${reason})`;
}

function residueError({ residues, unexplained }: Verification, run: string): WfError {
  const left = [...residues, ...unexplained];
  const subjects = left.map(({ subject, reason }) => `${subject} (${reason})`).join(', ');
  return new WfError('E_RESIDUE', `the host is not as it was before the run: ${subjects}`, {
    hint: `List the changes in place and the commands that remove them with \`wf changes ${run}\`; try again with \`wf rollback ${run}\`.`,
    details: { residues: left.map(({ subject }) => subject) },
  });
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
}
