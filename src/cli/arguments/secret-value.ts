import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';

/** A secret, and where it may be taken from again: `env:VARIABLE`, `file:PATH`; null where it was typed. */
export interface GivenSecret {
  readonly value: string;
  readonly source: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What `--input NAME=` was given for a secret input: `@env:VARIABLE`, `@file:PATH` (one newline at its end is not part of it), or
 * the value itself, which other users of the machine then see in wf's command line.
 * @throws WfError E_INPUT where nothing is there.
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
    hint: `Set it and try again, or give another source: \`--input ${name}=@env:VARIABLE\` or \`--input ${name}=@file:PATH\`.`,
  });
}

function fromFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WfError('E_INPUT', `input ${name}: its file ${file} cannot be read: ${why}`, {
      hint: `Mend that and try again, or give another source: \`--input ${name}=@env:VARIABLE\` or \`--input ${name}=@file:PATH\`.`,
      cause: thrown,
    });
  }
}
