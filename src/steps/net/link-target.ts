import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { runOfLinkAlias } from '../../engine/model/identity/mark.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { type Link, readLinks } from '../../host/ip/link.ts';
import { namespaceOf, type Place, placeName, placeSchema } from './place.ts';

/**
 * Identity of a link while it stays in its namespace: its name may change, its ifindex does not. A link from another namespace may
 * have the ifindex of an earlier link, but not the run's mark.
 */
export const linkIdentitySchema = z.object({
  place: placeSchema,
  ifindex: z.number().int(),
  /** Name at the time of recording. */
  link: z.string(),
  /** Run mark at the time of recording; null if it carried none. */
  mark: z.string().nullable(),
});
export type LinkIdentity = z.infer<typeof linkIdentitySchema>;

/** Returns the identity of a link at a place, for a record. */
export function identityOf(place: Place, link: Link): LinkIdentity {
  const mark = runOfLinkAlias(link.alias) === undefined ? null : link.alias;
  return { place, ifindex: link.ifindex, link: link.name, mark };
}

/** Returns whether this is the recorded link, and not another one that now has its name or ifindex. */
export function isRecorded(link: Link, identity: Pick<LinkIdentity, 'ifindex' | 'mark'>): boolean {
  return link.ifindex === identity.ifindex && (identity.mark === null || link.alias === identity.mark);
}

/**
 * Lists all links at a place. If the place is gone, rejects instead of throwing, so that observations in parallel leave no unhandled
 * rejections.
 * @throws WfError if the links cannot be read
 */
export async function linksAt(context: HostContext, place: Place): Promise<readonly Link[]> {
  return readLinks(context.host.command, namespaceOf(place, context.host));
}

/** Returns the link with this name or alternative name, or null. */
export function namedIn(links: readonly Link[], name: string): Link | null {
  return links.find((link) => link.name === name || link.altnames.includes(name)) ?? null;
}

/** Returns the recorded link, or null if it is gone. @throws WfError if the links cannot be read */
export async function recordedLink(context: HostContext, identity: LinkIdentity): Promise<Link | null> {
  return (await linksAt(context, identity.place)).find((link) => isRecorded(link, identity)) ?? null;
}

/** Returns the link with this name. @throws WfError E_STEP_FAILED if there is none. */
export function requireNamed(links: readonly Link[], place: Place, name: string): Link {
  const link = namedIn(links, name);
  if (link !== null) return link;
  throw new WfError('E_STEP_FAILED', `link ${name} does not exist ${placeName(place)}`, {
    hint: 'List the links with `ip link`: an earlier step should have created it.',
  });
}

/**
 * Returns the link with this name at a place.
 * @throws WfError E_STEP_FAILED if there is none; others if the links cannot be read.
 */
export async function requireLink(context: HostContext, place: Place, name: string): Promise<Link> {
  return requireNamed(await linksAt(context, place), place, name);
}

/** Returns the error for a link that another run created and that must not be altered; undefined otherwise. */
export function claimedByAnotherRun(context: HostContext, place: Place, link: Link): WfError | undefined {
  const owner = runOfLinkAlias(link.alias);
  if (owner === undefined || owner === context.run) return undefined;
  return linkInUse(place, link);
}

/** Returns E_LINK_IN_USE with the known facts of the link that has the name. */
export function linkInUse(place: Place, link: Link): WfError {
  const owner = runOfLinkAlias(link.alias);
  const traits = [link.kind ?? 'no kind', ...(link.master === null ? [] : [`in ${link.master}`])];
  const whose = owner === undefined ? 'wf did not create it' : `wf run ${owner} created it`;
  return new WfError(
    'E_LINK_IN_USE',
    `the link ${link.name} exists already ${placeName(place)} (${traits.join(', ')}): ${whose}`,
    {
      hint:
        owner === undefined
          ? 'Choose another name for the link in the input, or remove the link if it is yours.'
          : `Undo that run first with \`wf rollback ${owner}\`.`,
      details: { link: link.name, kind: link.kind, master: link.master, run: owner ?? null },
    },
  );
}
