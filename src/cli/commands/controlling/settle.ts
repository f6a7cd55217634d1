import { z } from 'zod';
import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({
  change: z.number(),
  as: z.enum(['gone', 'kept']),
  reason: z.string().min(1),
});

/** `wf settle RUN CHANGE --as gone|kept --reason TEXT`: records that a person has dealt with a change that wf could not undo. */
export const settle = defineCommand(options, ({ change, as, reason, ...given }, services, terminal) =>
  control(given, { kind: 'settle', change, as, reason }, services, terminal),
);
