import { z } from 'zod';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import { didYouMean } from '../output/did-you-mean.ts';
import { givenSecret } from './secret-value.ts';

/** The values of a run's secret inputs, as far as they are known again, and why the others are not. */
export interface KnownSecrets {
  readonly values: Readonly<Record<string, string>>;
  readonly unknown: readonly WfError[];
}

type SecretRun = Pick<StoredRun, 'id' | 'options'>;

/**
 * wf keeps no secret: each is what was typed now (`--input NAME=...`), else what is where it was taken from at the start. What is
 * typed for an input that is none of the run's secrets is passed over.
 */
export function knownSecrets({ id, options }: SecretRun, assignments: readonly string[]): KnownSecrets {
  const typed = new Map(assignments.map(split));
  const values: Record<string, string> = {};
  const unknown: WfError[] = [];
  for (const [name, source] of Object.entries(options.secrets ?? {})) {
    const given = typed.get(name) ?? (source === null ? undefined : `@${source}`);
    try {
      if (given === undefined) throw notGiven(id, name);
      values[name] = givenSecret(name, given).value;
    } catch (thrown) {
      unknown.push(asWfError(thrown));
    }
  }
  return { values, unknown };
}

/** The same for a run that is to go on. @throws WfError E_INPUT where one is not known, or the schema refuses it. */
export function requiredSecrets(
  run: SecretRun,
  assignments: readonly string[],
  { input }: Pick<LoadedWorkflow, 'input'>,
): Readonly<Record<string, string>> {
  const { values, unknown } = knownSecrets(run, assignments);
  const [first] = unknown;
  if (first !== undefined) {
    throw new WfError(first.code, `run ${run.id} cannot be resumed: ${first.message}`, {
      hint: first.hint,
      cause: first,
    });
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, checked(name, value, input)]));
}

/** @throws WfError E_INPUT where an input is typed that is no secret of the run: the others are those that it was started with. */
export function refuseOtherInputs({ id, options }: SecretRun, assignments: readonly string[]): void {
  const names = Object.keys(options.secrets ?? {});
  for (const [name] of assignments.map(split)) {
    if (names.includes(name)) continue;
    const has = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`;
    throw new WfError('E_INPUT', `--input ${name}: run ${id} has no secret input of that name`, {
      hint: `${didYouMean(name, names)}Only secret inputs are given again, the others are those that the run was started with. ${has}`,
    });
  }
}

function split(assignment: string): readonly [name: string, given: string] {
  const at = assignment.indexOf('=');
  if (at > 0) return [assignment.slice(0, at), assignment.slice(at + 1)];
  throw new WfError('E_INPUT', 'an --input is not of the form name=value', {
    hint: 'Write `--input NAME=@env:VARIABLE` or `--input NAME=@file:PATH`.',
  });
}

/** As the schema makes it (trimmed, say). Its words about a secret are not told: they may hold it. */
function checked(name: string, value: string, schema: z.ZodObject): string {
  const field = schema.shape[name];
  const parsed = field === undefined ? undefined : z.safeParse(field, value);
  if (parsed?.success !== false) return typeof parsed?.data === 'string' ? parsed.data : value;
  throw new WfError('E_INPUT', `input ${name}: its value is not one that the workflow takes`, {
    hint: 'Give the value that the run was started with.',
  });
}

function notGiven(id: string, name: string): WfError {
  return new WfError('E_INPUT', `its secret input ${name} is not known: wf keeps no secret, and it was typed`, {
    hint: `Give it again: \`wf resume ${id} --input ${name}=@env:VARIABLE\` (or @file:PATH). \`wf rollback ${id}\` undoes what the run did.`,
  });
}
