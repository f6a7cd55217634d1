import { isDeepStrictEqual } from 'node:util';
import { readRecord } from '../../command/read-record.ts';
import { type RunRecord, runRecordSchema } from '../../command/run-record.ts';
import type { WfEnd } from '../../command/wf-process.ts';
import { processesOf } from '../processes.ts';
import { journalProblems, readRun } from '../run-on-disk.ts';
import type { Subject } from '../subject.ts';
import { differences } from './differences.ts';

export interface Verdict {
  /** The problems; empty if there are none. */
  readonly problems: readonly string[];
  readonly status: RunRecord['status'];
}

/**
 * Judges a run that was killed and recovered to its end: a valid end state; an unchanged host, read without wf; no completed step
 * ran twice; the journal replays; no lease, no claim and no process is left.
 * @param ends the statuses that are allowed for this run
 * @param recovery the command that ended the run, which printed its record with `--json`; by default the record comes from the database
 */
export async function judge(
  subject: Subject,
  id: string,
  before: unknown,
  ends: readonly RunRecord['status'][],
  recovery?: WfEnd,
): Promise<Verdict> {
  const onDisk = readRun(subject.lane.database, id);
  if (onDisk === undefined) return { problems: [`the database does not know run ${id}`], status: 'failed' };
  const record = recovery === undefined ? readRecord(subject.lane, id) : recordIn(recovery);
  if (record === undefined) {
    const { exitCode, stdout, stderr } = recovery ?? {};
    return { problems: [`no run record, exit code ${exitCode}: ${stdout}${stderr}`], status: 'failed' };
  }
  const after = await subject.state();
  const problems = [
    ...recordProblems(record, ends),
    ...(await subject.ranTwice(onDisk)),
    ...(await journalProblems(subject.sources, onDisk)),
    ...(isDeepStrictEqual(after, before) ? [] : [`the host is not as before:\n${differences(before, after)}`]),
    ...(onDisk.run.owner === null ? [] : [`process ${onDisk.run.owner.pid} still has the lease`]),
    ...processesOf(id).map(({ pid, command }) => `process ${pid} is left: ${command}`),
    ...(await claimsLeft(subject)),
  ];
  return { problems, status: record.status };
}

function recordIn({ stdout }: WfEnd): RunRecord | undefined {
  try {
    return runRecordSchema.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}

function recordProblems(record: RunRecord, ends: readonly RunRecord['status'][]): readonly string[] {
  const { status, verification, changes, steps, finishedAt, error } = record;
  const unsettled = changes.filter((change) => !['reverted', 'gone', 'kept'].includes(change.status));
  const unended = steps.filter((step) => !['succeeded', 'failed', 'stopped'].includes(step.status));
  // A run that was killed before its first change has nothing to compare the host with.
  const verified = changes.length === 0 || verification?.restored === true;
  return [
    ...(ends.includes(status) ? [] : [`status ${status}, expected ${ends.join(' or ')}: ${JSON.stringify(error)}`]),
    ...(finishedAt === null ? ['it has not finished'] : []),
    ...(verified ? [] : [`verification: ${JSON.stringify(verification)}`]),
    ...driftOf(record).map((drift) => `drift on a host where nobody else is: ${JSON.stringify(drift)}`),
    ...unsettled.map(({ seq, target, status: found }) => `change ${seq} (${target}) is ${found}`),
    ...unended.map((step) => `step ${step.id} is ${step.status}`),
  ];
}

/** Named namespaces belong to the whole machine: other lanes create and remove theirs. */
function driftOf({ verification }: RunRecord) {
  return (verification?.drift ?? []).filter(({ subject }) => !subject.startsWith('namespace '));
}

/** Claims that are left: abstract sockets, which the kernel lists with `@`. */
async function claimsLeft({ lane }: Subject): Promise<readonly string[]> {
  const sockets = (await lane.tool('cat', '/proc/self/net/unix')).split('\n');
  return sockets.filter((line) => / @wf-/.test(line)).map((line) => `a claim is left: ${line}`);
}
