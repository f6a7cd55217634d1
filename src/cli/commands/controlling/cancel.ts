import { z } from 'zod';
import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({ keep: z.boolean().default(false) });

/** `wf cancel RUN`: ends a run as failed, undoes its changes unless --keep, and verifies the host. */
export const cancel = defineCommand(options, ({ keep, ...given }, services, terminal) =>
  control(given, { kind: 'cancel', keep }, services, terminal),
);
