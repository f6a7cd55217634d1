/** Commands that are there to alter a run, the host, the history or the project. */
const ALTERING: readonly string[] = ['start', 'resume', 'rollback', 'sweep', 'prune', 'import', 'new'];

/**
 * Whether a command that was given this may have altered something: its exit code then tells of that, whatever becomes of its output.
 * @param command e.g. `wf start`
 */
export function alters(command: string, { dryRun, yes }: Readonly<Record<string, unknown>>): boolean {
  const name = command.replace(/^wf /, '');
  if (dryRun === true || (name === 'sweep' && yes !== true)) return false;
  return ALTERING.includes(name);
}
