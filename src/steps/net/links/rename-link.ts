import { z } from 'zod';
import { linkAliasOf } from '../../../engine/model/identity/mark.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { placeInput } from '../../place-handle.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  linkInUse,
  linksAt,
  namedIn,
  recordedLink,
  requireNamed,
} from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import { gone, IN_PLACE, observeIn, placeName, placeOf, runAt, typedAt, typedIn, undoIn } from '../place.ts';

export const renameLink = defineStep({
  kind: 'net.rename',
  description: 'Renames a link.',
  input: z.object({
    link: linkNameSchema.describe('current link name'),
    name: linkNameSchema.describe('new link name'),
    in: placeInput,
  }),
  output: z.object({ name: z.string().describe('new name of the link') }),
  record: linkIdentitySchema.extend({ name: z.string() }),
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, name, in: where }) => [typedIn(where, rename(link, name))],
  rehearse: ({ name }) => ({ name }),

  async observe({ link: oldName, name, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const output = { name };
    const target = `link ${oldName} named ${name} ${placeName(place)}`;
    const links = await linksAt(context, place);
    const named = namedIn(links, name);
    if (oldName === name) {
      requireNamed(links, place, name);
      return { found: 'unchanged', output };
    }
    if (named !== null) {
      const intended = earlier !== undefined && isRecorded(named, earlier) && named.name === name;
      // Without an intent, the mark identifies the link only if no marked link is left to be renamed.
      const marked = named.alias === linkAliasOf(context.run) && namedIn(links, oldName) === null;
      if (!intended && !marked) return { found: 'foreign', error: linkInUse(place, named) };
      return { found: 'ours', target, record: { ...identityOf(place, named), link: oldName, name }, output };
    }
    const link = requireNamed(links, place, oldName);
    const refusal = claimedByAnotherRun(context, place, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    return { found: 'absent', target, record: { ...identityOf(place, link), name } };
  },

  async apply({ link, name }, record, _found, context) {
    await runAt(context, record.place, rename(link, name));
    return record;
  },

  inspect: (record, context) =>
    observeIn(async () => {
      const link = await recordedLink(context, record);
      if (link === null) return gone(`the link ${record.name} is gone`);
      return link.name === record.name ? IN_PLACE : gone(`the link is now called ${link.name}`);
    }),

  undo: (record, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, record);
      if (link?.name === record.name) await runAt(context, record.place, rename(record.name, record.link));
    }),
  undoCommands: ({ place, link, name }) => [typedAt(place, rename(name, link))],
});

function rename(from: string, to: string): Argv {
  return ['ip', 'link', 'set', 'dev', from, 'name', to];
}
