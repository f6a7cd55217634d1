import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

/** `wf pause RUN`: lets the running steps of a run finish, and pauses it. */
export const pause = defineCommand(controlOptions, (given, services, terminal) =>
  control(given, { kind: 'pause' }, services, terminal),
);
