import { WfError } from '../model/errors.ts';

/** Returns the error for a step, or a requirement, of a host that the run does not have. */
export function noSuchHost(name: string, names: readonly string[]): WfError {
  return new WfError(
    'E_WORKFLOW_INVALID',
    `the run has no host ${name}: its hosts are ${names.join(', ') || 'only its own'}`,
    {
      hint: `Add ${name} to \`hosts\` of the workflow, and start it again.`,
    },
  );
}
