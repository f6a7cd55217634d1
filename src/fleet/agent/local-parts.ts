import { asWfError, type ErrorRecord, WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { isEnd, type RunStatus, type StoredRun } from '../../engine/ports/history.ts';
import type { History } from '../../history/history.ts';
import {
  errorIn,
  type StartedWfCommand,
  startWfCommand,
  type WfCommand,
  type WfCommandEnd,
} from '../../library/commands/wf-command.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { runRecord } from '../../review/record/run-record.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import type { Answer, Work } from '../model/item.ts';
import type { Sealed } from '../model/sealed.ts';
import type { OpenSecrets } from '../secrets/host-secrets.ts';
import { referenceIn } from './reference-in.ts';

/** A part as the local database knows it. */
export type LocalPart =
  | { readonly type: 'absent' }
  | { readonly type: 'tombstoned' }
  | { readonly type: 'open'; readonly status: RunStatus; readonly isAdvanced: boolean }
  | { readonly type: 'ended'; readonly answer: Extract<Answer, { type: 'ended' }> };

/** The parts of fleet runs on this host: all of their state is in the local database. */
export interface LocalParts {
  find(part: RunId): LocalPart;
  /** Prevents a part from ever starting. Returns false if it has started. */
  entomb(part: RunId, reason: string): boolean;
  /**
   * Starts a part under exactly the definition of the fleet. Resolves once its process has ended; with the error if it was refused.
   * @throws the reason of the signal; the process keeps running
   */
  start(part: RunId, work: Work, sealed: Sealed | undefined, signal: AbortSignal): Promise<ErrorRecord | undefined>;
  /** Resumes an interrupted part with its secret inputs, which only the fleet has. Resolves as `start`. */
  resume(part: RunId, sealed: Sealed, signal: AbortSignal): Promise<ErrorRecord | undefined>;
  /** Confirms a part that waits for it. Resolves as `start`. */
  confirm(part: RunId, signal: AbortSignal): Promise<ErrorRecord | undefined>;
  /** Cancels a part that a living process advances. Resolves as `start`. */
  cancel(part: RunId, reason: string, signal: AbortSignal): Promise<ErrorRecord | undefined>;
  /** Undoes a part that no process advances. Resolves as `start`. */
  rollBack(part: RunId, sealed: Sealed | undefined, signal: AbortSignal): Promise<ErrorRecord | undefined>;
}

interface LocalPartsDependencies {
  readonly history: Pick<History, 'run' | 'isEntombed' | 'entomb'> & Parameters<typeof readRunMaterial>[0];
  readonly database: string;
  readonly isAlive: IsAlive;
  readonly openSecrets: OpenSecrets;
  now(): number;
}

/** Carries out parts as commands of wf in processes of their own, which outlive a killed agent. */
export function localParts({ history, database, isAlive, openSecrets, now }: LocalPartsDependencies): LocalParts {
  async function carryOut(command: Omit<WfCommand, 'database'>, signal: AbortSignal): Promise<ErrorRecord | undefined> {
    signal.throwIfAborted();
    const { document, exitCode, stderr } = await endOf(startWfCommand({ ...command, database }), signal);
    if (document !== undefined) return errorIn(document);
    // The process was killed, or had no memory to begin: the database records what it has done.
    const why = exitCode === null ? 'was killed' : `ended with ${exitCode}: ${stderr.trim().slice(-300)}`;
    return new WfError('E_INTERRUPTED', `\`wf ${command.argv[0]}\` ${why}`, {
      hint: 'The agent retries it.',
    }).toRecord();
  }

  return {
    find(id) {
      const run = history.run(id);
      if (run === undefined) return { type: history.isEntombed(id) ? 'tombstoned' : 'absent' };
      const status = runStatus(run, isAlive);
      if (isEnd(status)) return { type: 'ended', answer: answerOf(id) };
      return { type: 'open', status, isAdvanced: run.owner !== null && isAlive(run.owner) };
    },
    entomb: (id, reason) => history.entomb(id, reason, now()),
    start: (id, { workflow, definitionHash, input, confirmWithinMs }, sealed, signal) =>
      withSecrets(sealed, definitionHash, (secrets) => {
        const options = [`--id=${id}`, '--resume=auto', `--definition=${definitionHash}`, '--input-file=-'];
        if (confirmWithinMs !== null) options.push(`--confirm-within=${confirmWithinMs / 1_000}s`);
        const stdin = JSON.stringify({ ...input, ...secrets });
        return carryOut({ argv: ['start', ...options, '--', workflow], stdin }, signal);
      }),
    resume: (id, sealed, signal) => again('resume', id, sealed, signal),
    confirm: (id, signal) => carryOut({ argv: ['confirm', '--comment=the fleet keeps it', '--', id] }, signal),
    cancel: (id, reason, signal) => carryOut({ argv: ['cancel', `--comment=${reason}`, '--', id] }, signal),
    rollBack: (id, sealed, signal) => again('rollback', id, sealed, signal),
  };

  /** Runs a command on a part, and passes it the secrets again. */
  function again(command: 'resume' | 'rollback', id: RunId, sealed: Sealed | undefined, signal: AbortSignal) {
    return withSecrets(sealed, runOf(id).definitionHash, (secrets) =>
      carryOut({ argv: [command, '--input-file=-', '--', id], stdin: JSON.stringify(secrets) }, signal),
    );
  }

  /** Opens secrets for a command, which reads them from its standard input. Stores them nowhere. */
  async function withSecrets(
    sealed: Sealed | undefined,
    definitionHash: string,
    act: (secrets: Readonly<Record<string, string>>) => Promise<ErrorRecord | undefined>,
  ): Promise<ErrorRecord | undefined> {
    let secrets: Readonly<Record<string, string>>;
    try {
      secrets = await openSecrets(sealed, definitionHash);
    } catch (thrown) {
      return asWfError(thrown).toRecord();
    }
    return referenceIn(secrets) ?? act(secrets);
  }

  function runOf(id: RunId): StoredRun {
    const run = history.run(id);
    if (run !== undefined) return run;
    throw new WfError('E_INTERNAL', `run ${id} has vanished`, { hint: 'Report this.' });
  }

  function answerOf(id: RunId): Extract<Answer, { type: 'ended' }> {
    const record = runRecord(readRunMaterial(history, runOf(id)), isAlive);
    const { status, definitionHash, changes, verification, startedAt, finishedAt, error } = record;
    return {
      type: 'ended',
      status: status === 'succeeded' || status === 'failed' || status === 'rolled-back' ? status : 'needs-attention',
      definitionHash,
      restored: verification?.restored ?? null,
      changesInPlace: changes.filter((change) => IN_PLACE.includes(change.status)).length,
      startedAt,
      finishedAt,
      error,
    };
  }
}

/** Waits for the end of a command; after an abort, the command keeps running. */
async function endOf({ end, release }: StartedWfCommand, signal: AbortSignal): Promise<WfCommandEnd> {
  let abort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => {
      release();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([end, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Statuses of changes in place, without those that are kept by design. */
const IN_PLACE: readonly string[] = ['intended', 'applied', 'stuck'];
