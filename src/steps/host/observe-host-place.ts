import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { placeHandleSchema } from '../place-handle.ts';

/** Returns the network namespace of a host of the run as a place for steps of its other hosts. */
export const observeHostPlace = defineStep({
  kind: 'host.place',
  description:
    'Returns the network namespace of a host of the run as a place, such as the target of `net.move` on another host.',
  input: z.object({ name: z.string().min(1).describe('name of the place for people, such as that of the host') }),
  output: placeHandleSchema,
  commands: () => [],
  rehearse: ({ name }) => ({ name, namespace: { path: `/run/netns/${name}`, inode: 1, process: null } }),
  async read({ name }, { host }) {
    const { path, inode, process, born } = host.namespace.own();
    if (process !== null && host.namespace.holder === null) throw noPlace();
    return {
      name,
      namespace: { path, inode, process: process && { ...process }, ...(born === undefined ? {} : { born }) },
    };
  },
});

/** The path to the namespace of wf itself ends with wf. */
function noPlace(): WfError {
  return new WfError(
    'E_RUNTIME_UNAVAILABLE',
    'the network namespace of the machine itself is no place for other steps',
    {
      hint: 'Let `hosts` of the workflow return a `namespace` for this host, or start the run with `--runtime embedded`.',
    },
  );
}
