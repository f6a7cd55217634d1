import { z } from 'zod';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { placeInput } from '../../place-handle.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  recordedLink,
  requireLink,
} from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import { gone, IN_PLACE, observeIn, placeName, placeOf, runAt, typedAt, typedIn, undoIn } from '../place.ts';

export const setLinkUp = defineStep({
  kind: 'net.up',
  description: 'Sets a link up.',
  input: z.object({ link: linkNameSchema.describe('link name'), in: placeInput }),
  output: z.object({ link: z.string().describe('link name') }),
  record: linkIdentitySchema,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, in: where }) => [typedIn(where, set(link, 'up'))],
  rehearse: ({ link }) => ({ link }),

  async observe({ link: name, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const link = await requireLink(context, place, name);
    const refusal = claimedByAnotherRun(context, place, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const target = `link ${name} up ${placeName(place)}`;
    const record = identityOf(place, link);
    if (!link.up) return { found: 'absent', target, record };
    // The link was up before this step recorded an intent: there is nothing to undo.
    if (earlier === undefined || !isRecorded(link, earlier)) return { found: 'unchanged', output: { link: name } };
    return { found: 'ours', target, record, output: { link: name } };
  },

  async apply({ link }, record, _found, context) {
    await runAt(context, record.place, set(link, 'up'));
    return record;
  },

  inspect: (record, context) =>
    observeIn(async () => {
      const link = await recordedLink(context, record);
      if (link === null) return gone(`the link ${record.link} is gone`);
      return link.up ? IN_PLACE : gone(`the link ${link.name} is down`);
    }),

  undo: (record, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, record);
      if (link?.up) await runAt(context, record.place, set(link.name, 'down'));
    }),
  undoCommands: ({ place, link }) => [typedAt(place, set(link, 'down'))],
});

function set(link: string, state: 'up' | 'down'): Argv {
  return ['ip', 'link', 'set', 'dev', link, state];
}
