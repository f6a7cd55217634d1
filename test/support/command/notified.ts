import { chmodSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type RunRecord, runRecordSchema } from './run-record.ts';
import type { Project } from './run-wf.ts';

/** A command to notify that was run. */
export interface Told {
  readonly argv: string;
  readonly env: Readonly<Record<string, string>>;
  readonly record: RunRecord;
}

/** A program of a project that keeps what it is told. */
export interface TellProgram {
  readonly path: string;
  /** All that it was told so far, in order. */
  told(): readonly Told[];
  /** The same in short: reason, run and status. */
  reasons(): readonly string[];
}

/** Writes a program to notify. @param more commands that it runs after it has kept what it was told */
export function tellProgram({ folder, write }: Pick<Project, 'folder' | 'write'>, more = ''): TellProgram {
  const log = path.join(folder, 'told');
  const file = write(
    'tell',
    `#!/bin/sh
argv="$*"
read -r record
all=$(env -0 | tr '\\0\\n' '\\1 ')
printf '%s\\2%s\\2%s\\n' "$argv" "$all" "$record" >> '${log}'
${more}
`,
  );
  chmodSync(file, 0o755);
  const told = () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').map(toldIn) : []);
  return {
    path: file,
    told,
    reasons: () => told().map(({ env, record }) => `${env['WF_NOTIFY_REASON']} ${record.id} ${record.status}`),
  };
}

function toldIn(line: string): Told {
  const [argv = '', environment = '', record = ''] = line.split('\u0002');
  const env = Object.fromEntries(
    environment.split('\u0001').map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
  return { argv, env, record: runRecordSchema.parse(JSON.parse(record)) };
}
