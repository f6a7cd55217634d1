import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { argvSchema, expectedExitCodes } from '../exec/command-input.ts';
import { untilDeadline } from '../until-deadline.ts';
import { recordAnswer } from './ask-in-container.ts';
import {
  originName,
  type ProbeOrigin,
  type ProbeRun,
  probeOrigin,
  resolveOrigin,
  runFrom,
  typedFrom,
} from './origin.ts';
import { CONTAINER_START_MS, deadlineSchema, mustInput } from './probe-time.ts';

/** Longest output of the step in characters; the evidence has more. */
const OUTPUT_LIMIT = 16 * 1024;

const inputSchema = z.object({
  from: probeOrigin,
  argv: argvSchema.describe('program and arguments, which only read; no shell'),
  expectExitCodes: expectedExitCodes.describe('exit codes that count as success'),
  contains: z.string().min(1).nullable().default(null).describe('text that the output must contain to succeed'),
  deadlineMs: deadlineSchema.describe(
    "longest wait for a success in milliseconds, for which the command is repeated; with `must: 'fail'`, the time after which it is ended",
  ),
  must: mustInput(
    'the command must not succeed; it runs once, and one that is ended at its deadline has not succeeded',
  ),
});
type CommandInput = z.output<typeof inputSchema>;

export const commandProbe = defineStep({
  kind: 'probe.command',
  description: 'Runs a command that only reads, and expects it to succeed or to fail.',
  input: inputSchema,
  output: z.object({
    succeeded: z.boolean().describe('whether the command succeeded'),
    exitCode: z.number().int().nullable().describe('exit code; null if it was ended at its deadline'),
    output: z.string().describe('standard output and standard error, at most 16 KiB'),
  }),
  runsAnyCommand: true,
  timeoutMs: 10 * 60_000,
  commands: ({ from, argv }) => [typedFrom(from, argv)],
  rehearse: ({ expectExitCodes, must }) => ({
    succeeded: must === 'succeed',
    exitCode: must === 'fail' ? null : (expectExitCodes[0] ?? 0),
    output: '',
  }),

  async read(input, context) {
    const { argv, must, deadlineMs } = input;
    const from = await resolveOrigin(input.from, context);
    const run = await runUntil(input, from, context);
    const output = outputOf(run);
    const { exitCode } = run;
    recordAnswer(context, from, argv, run, output, exitCode);
    const succeeded = isSuccess(input, run);
    const name = `${commandLine(argv)} from ${originName(from)}`;
    const end = exitCode === null ? `was ended after ${limitText(deadlineMs)}` : `ended with exit code ${exitCode}`;
    if (must === 'fail' && succeeded) {
      throw new WfError('E_PROBE_ANSWERED', `${name} ${end}; it should fail`, {
        hint: 'Read its output with `wf logs RUN STEP`.',
        details: { exitCode },
      });
    }
    if (must === 'succeed' && !succeeded) {
      const lastOutput = output.trim().split('\n').slice(-3).join(' / ').slice(0, 300);
      throw new WfError(
        'E_PROBE_FAILED',
        `${name} did not succeed within ${limitText(deadlineMs)}: its last try ${end}${lastOutput === '' ? '' : `: ${lastOutput}`}`,
        { hint: 'Read its output with `wf logs RUN STEP`, or give it more time (deadlineMs).', details: { exitCode } },
      );
    }
    return { succeeded, exitCode, output: output.slice(0, OUTPUT_LIMIT) };
  },
});

/** Runs the command until it succeeds, or once if it must fail. */
function runUntil(input: CommandInput, from: ProbeOrigin, context: HostContext): Promise<ProbeRun> {
  const cwd = context.host.place.folder;
  const attempt = (remainingMs: number) => runFrom(context, from, input.argv, remainingMs, { cwd });
  if (input.must === 'fail') return attempt(input.deadlineMs + (from.type === 'container' ? CONTAINER_START_MS : 0));
  return untilDeadline(context, input, attempt, {
    isGood: (run) => isSuccess(input, run),
    isCutOff: ({ exitCode }) => exitCode === null,
  });
}

function isSuccess({ expectExitCodes, contains }: CommandInput, run: ProbeRun): boolean {
  if (run.exitCode === null || !expectExitCodes.includes(run.exitCode)) return false;
  return contains === null || outputOf(run).includes(contains);
}

function outputOf({ stdout, stderr }: ProbeRun): string {
  return [stdout, stderr].filter((text) => text !== '').join('\n');
}
