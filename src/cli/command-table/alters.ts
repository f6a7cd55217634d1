/** Commands that alter a run, the host, the history or the project. */
const ALTERING: readonly string[] = [
  'start',
  'apply',
  'resume',
  'rollback',
  'send',
  'pause',
  'cancel',
  'retry',
  'settle',
  'agent',
  'sweep',
  'prune',
  'import',
  'new',
];

/** Commands that alter something only with `--yes`. */
const ALTERING_WITH_YES: readonly string[] = ['sweep', 'prune'];

/** Actions of `wf fleet` that alter nothing. */
const READING_FLEETS: readonly string[] = ['runs', 'show', 'wait', 'hosts'];

/**
 * Returns whether a command with these options may have altered something: its exit code then takes precedence over an output
 * error.
 * @param command such as `wf start`
 */
export function alters(command: string, { dryRun, yes, action }: Readonly<Record<string, unknown>>): boolean {
  const name = command.replace(/^wf /, '');
  if (name === 'fleet') return !READING_FLEETS.includes(String(action));
  if (dryRun === true || (ALTERING_WITH_YES.includes(name) && yes !== true)) return false;
  return ALTERING.includes(name);
}
