import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../../engine/model/errors.ts';

/** A secret and its source: `env:VARIABLE` or `file:PATH`; null if it was typed. */
export interface GivenSecret {
  readonly value: string;
  readonly source: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the value of a secret input: from `@env:VARIABLE`, `@file:PATH` (without one final newline), or the typed text itself,
 * which other users can read in wf's command line.
 * @throws WfError E_INPUT if the source is missing.
 */
export function givenSecret(name: string, typed: string, env: Environment = process.env): GivenSecret {
  if (typed.startsWith('@env:')) return { value: fromEnvironment(name, typed.slice(5), env), source: typed.slice(1) };
  if (!typed.startsWith('@file:')) return { value: typed, source: null };
  const file = path.resolve(typed.slice(6));
  return { value: fromFile(name, file), source: `file:${file}` };
}

function fromEnvironment(name: string, variable: string, env: Environment): string {
  const value = env[variable];
  if (value !== undefined && value !== '') return value;
  throw new WfError('E_INPUT', `input ${name}: the environment variable ${variable} is not set`, {
    hint: `Set the variable, or use another source: \`--input ${name}=@env:VARIABLE\` or \`--input ${name}=@file:PATH\`.`,
  });
}

function fromFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WfError('E_INPUT', `input ${name}: cannot read file ${file}: ${why}`, {
      hint: `Make the file readable, or use another source: \`--input ${name}=@env:VARIABLE\` or \`--input ${name}=@file:PATH\`.`,
      cause: thrown,
    });
  }
}
