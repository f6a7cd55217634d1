import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { runOfLinkAlias } from '../../engine/model/mark.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { type Link, readLinks } from '../../host/ip/link.ts';
import { namespaceOf, type Place, placeName, placeSchema } from './place.ts';

/**
 * What identifies a link for as long as it stays in its namespace; the name may change, the ifindex does not. A link that comes
 * from another namespace may bring an ifindex along that was another link's: that one does not carry a run's mark.
 */
export const linkIdentitySchema = z.object({
  place: placeSchema,
  ifindex: z.number().int(),
  /** Its name when it was recorded. */
  link: z.string(),
  /** The run's mark that it carried when it was recorded; null where it carried none. */
  mark: z.string().nullable().default(null),
});
export type LinkIdentity = z.infer<typeof linkIdentitySchema>;

/** The identity of a link at a place, for a record. */
export function identityOf(place: Place, link: Link): LinkIdentity {
  const mark = runOfLinkAlias(link.alias) === undefined ? null : link.alias;
  return { place, ifindex: link.ifindex, link: link.name, mark };
}

/** Whether this is the recorded link, and not another one that has its name or its ifindex by now. */
export function isRecorded(link: Link, identity: Pick<LinkIdentity, 'ifindex' | 'mark'>): boolean {
  return link.ifindex === identity.ifindex && (identity.mark === null || link.alias === identity.mark);
}

/**
 * All links at a place. Rejects at once, and does not throw, where the place is gone: looks that were begun beside it would be left to
 * themselves, and fail unheard.
 * @throws WfError when it cannot be told
 */
export async function linksAt(context: HostContext, place: Place): Promise<readonly Link[]> {
  return readLinks(context.host.command, namespaceOf(place, context.host));
}

/** The link of this name or alternative name among those of a place, or null. */
export function namedIn(links: readonly Link[], name: string): Link | null {
  return links.find((link) => link.name === name || link.altnames.includes(name)) ?? null;
}

/** The recorded link, or null where it is gone. @throws WfError when it cannot be told */
export async function recordedLink(context: HostContext, identity: LinkIdentity): Promise<Link | null> {
  return (await linksAt(context, identity.place)).find((link) => isRecorded(link, identity)) ?? null;
}

/** The link of this name among those of a place. @throws WfError E_STEP_FAILED when there is none. */
export function requireNamed(links: readonly Link[], place: Place, name: string): Link {
  const link = namedIn(links, name);
  if (link !== null) return link;
  throw new WfError('E_STEP_FAILED', `there is no link ${name} ${placeName(place)}`, {
    hint: 'Look at what is there: `ip link`. An earlier step should have made it.',
  });
}

/** The link of this name at a place. @throws WfError E_STEP_FAILED when there is none; others when it cannot be told. */
export async function requireLink(context: HostContext, place: Place, name: string): Promise<Link> {
  return requireNamed(await linksAt(context, place), place, name);
}

/** Why a link may not be altered: another run made it. Undefined where it may. */
export function claimedByAnotherRun(context: HostContext, place: Place, link: Link): WfError | undefined {
  const owner = runOfLinkAlias(link.alias);
  if (owner === undefined || owner === context.run) return undefined;
  return linkInUse(place, link);
}

/** E_LINK_IN_USE, with what is known of the link that is in the way. */
export function linkInUse(place: Place, link: Link): WfError {
  const owner = runOfLinkAlias(link.alias);
  const traits = [link.kind ?? 'no kind', ...(link.master === null ? [] : [`in ${link.master}`])];
  const whose = owner === undefined ? 'wf did not make it' : `wf run ${owner} made it`;
  return new WfError(
    'E_LINK_IN_USE',
    `the link ${link.name} exists already ${placeName(place)} (${traits.join(', ')}): ${whose}`,
    {
      hint:
        owner === undefined
          ? 'Choose another name for the link in the input, or remove the link yourself if it is yours.'
          : `Undo that run first: \`wf rollback ${owner}\`.`,
      details: { link: link.name, kind: link.kind, master: link.master, run: owner ?? null },
    },
  );
}
