import * as z from 'zod/mini';
import { COMPLETION_SCRIPTS, SHELLS } from '../../completion/scripts.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson } from '../../output/terminal.ts';

const options = z.object({ json: z._default(z.boolean(), false), shell: z.enum(SHELLS) });

/** `wf completion SHELL`: prints the completion script of a shell. */
export const completion = defineCommand(options, async ({ json, shell }, _services, { out }) => {
  const script = COMPLETION_SCRIPTS[shell];
  if (json) writeJson(out, { shell, script });
  else out.write(script);
  return 0;
});
