import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { CommandResult } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { untilDeadline } from '../until-deadline.ts';
import { contentsOf, FILES_EXIST, type FileContents } from './command-files.ts';
import {
  commandFields,
  type ExecResult,
  resultSchema,
  retryField,
  retryPolicyOf,
  STEP_TIMEOUT_MS,
} from './command-input.ts';
import {
  commandName,
  lastLines,
  recordResult,
  requireEnd,
  requireExitCode,
  run,
  runToEnd,
  typedIn,
} from './run-command.ts';

const untilSchema = z.strictObject({
  contains: z.string().min(1).nullable().default(null).describe('text that standard output must contain'),
  deadlineMs: z.number().int().min(50).describe('longest wait in milliseconds, below 10 minutes'),
  everyMs: z.number().int().min(10).default(1_000).describe('pause between two tries in milliseconds'),
});
type Until = z.output<typeof untilSchema>;

const input = z
  .object({
    ...commandFields,
    retry: retryField,
    until: untilSchema
      .nullable()
      .default(null)
      .describe(
        'repeats the command until it ends with one of `expectExitCodes`, and prints the text if one is given; the evidence has the last try. null runs it once',
      ),
  })
  .refine(...FILES_EXIST);
type ReadInput = Omit<z.output<typeof input>, 'files'> & { readonly files: FileContents };

/** Runs a command that changes nothing: it has no ledger entry, and runs again whenever its step does. */
export const execRead = defineStep({
  kind: 'exec.read',
  description: 'Runs a command that only reads, once or until it reads what is expected.',
  input,
  output: resultSchema,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  retryOf: retryPolicyOf,
  commands: (asked) => [typedIn(asked)],
  rehearse: ({ expectExitCodes }) => ({ exitCode: expectExitCodes[0] ?? 0, stdout: '', stderr: '', truncated: false }),
  async read(given, context) {
    const asked = { ...given, files: contentsOf(given.files) };
    return asked.until === null
      ? requireExitCode(asked, await runToEnd(asked, context))
      : readUntil(asked, asked.until, context);
  },
});

async function readUntil(asked: ReadInput, until: Until, context: HostContext): Promise<ExecResult> {
  const { expectExitCodes, timeoutMs } = asked;
  const isMet = ({ end, stdout }: CommandResult) =>
    end.type === 'exited' &&
    expectExitCodes.includes(end.exitCode) &&
    (until.contains === null || stdout.includes(until.contains));
  const last = await untilDeadline(
    context,
    until,
    (remainingMs) => run({ ...asked, timeoutMs: Math.min(timeoutMs, remainingMs) }, context),
    { isGood: isMet, isCutOff: ({ end }) => end.type === 'timed-out' },
  );
  recordResult(asked, last, context);
  const result = requireEnd(last, Math.min(timeoutMs, until.deadlineMs));
  if (isMet(last)) return result;
  throw unmet(asked, until, result);
}

function unmet(asked: ReadInput, { contains, deadlineMs }: Until, { exitCode, stdout, stderr }: ExecResult): WfError {
  const text = contains === null ? '' : ` and the text "${contains}"`;
  const output = lastLines(stdout.trim() === '' ? stderr : stdout).slice(0, 300);
  return new WfError(
    'E_HOST_COMMAND',
    `${commandName(asked)} did not end with exit code ${asked.expectExitCodes.join(' or ')}${text} within ` +
      `${limitText(deadlineMs)}; its last try ended with exit code ${exitCode}${output === '' ? '' : `: ${output}`}`,
    {
      hint: 'Read its output with `wf logs RUN STEP`, or give `until` a later `deadlineMs`.',
      details: { exitCode },
    },
  );
}
