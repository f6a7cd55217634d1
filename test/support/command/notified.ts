import { chmodSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type RunRecord, runRecordSchema } from './run-record.ts';
import type { Project } from './run-wf.ts';

/** One call of a command to notify. */
export interface Notice {
  readonly argv: string;
  readonly env: Readonly<Record<string, string>>;
  readonly record: RunRecord;
}

/** A program of a project that logs each notice it receives. */
export interface Notifier {
  readonly path: string;
  /** All notices so far, in order. */
  notices(): readonly Notice[];
  /** The same in short: reason, run and status. */
  reasons(): readonly string[];
}

/** Writes a program to notify. @param more commands that it runs after it has logged a notice */
export function createNotifier({ folder, write }: Pick<Project, 'folder' | 'write'>, more = ''): Notifier {
  const log = path.join(folder, 'notices');
  const file = write(
    'notifier',
    `#!/bin/sh
argv="$*"
read -r record
all=$(env -0 | tr '\\0\\n' '\\1 ')
printf '%s\\2%s\\2%s\\n' "$argv" "$all" "$record" >> '${log}'
${more}
`,
  );
  chmodSync(file, 0o755);
  const notices = () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').map(noticeIn) : []);
  return {
    path: file,
    notices,
    reasons: () => notices().map(({ env, record }) => `${env['WF_NOTIFY_REASON']} ${record.id} ${record.status}`),
  };
}

function noticeIn(line: string): Notice {
  const [argv = '', environment = '', record = ''] = line.split('\u0002');
  const env = Object.fromEntries(
    environment.split('\u0001').map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
  return { argv, env, record: runRecordSchema.parse(JSON.parse(record)) };
}
