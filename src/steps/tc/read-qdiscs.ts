import { z } from 'zod';
import { canonicalJson } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { DEFAULT_HANDLE, withoutCounts } from '../../fingerprint/sections/qdiscs.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import { inNamespace, READ_LIMITS, readIpJson } from '../../host/ip/run-ip.ts';
import { namespaceOf, type Place } from '../net/place.ts';

const qdiscEntry = lazy(() =>
  z.looseObject({
    kind: z.string(),
    handle: z.string(),
    parent: z.string().default('root'),
    options: z.record(z.string(), z.json()).default({}),
  }),
);
export type Qdisc = z.output<ReturnType<typeof qdiscEntry>>;

/** Returns the queueing disciplines of an existing link. @throws WfError if they cannot be read */
export async function readQdiscs(context: HostContext, place: Place, link: string): Promise<readonly Qdisc[]> {
  const args = ['qdisc', 'show', 'dev', link];
  return readIpJson(context.host.command, args, qdiscEntry(), namespaceOf(place, context.host), 'tc');
}

/** Returns whether the kernel itself attached this one, and would do so again; for some links it lists none. */
export function isDefault(qdisc: Qdisc | undefined): boolean {
  return qdisc === undefined || qdisc.handle === DEFAULT_HANDLE;
}

/** Returns the queueing disciplines below this one. */
export function childrenOf({ handle }: Pick<Qdisc, 'handle'>, all: readonly Qdisc[]): readonly Qdisc[] {
  return all.filter((qdisc) => qdisc.parent.startsWith(handle));
}

/** Returns everything attached to a queueing discipline, without counts, as text for comparisons. */
export async function contentOf(
  context: HostContext,
  place: Place,
  link: string,
  own: Qdisc,
  all: readonly Qdisc[],
): Promise<string> {
  const namespace = namespaceOf(place, context.host);
  const { command } = context.host;
  const show = (what: string, ...which: readonly string[]) => [what, 'show', 'dev', link, ...which];
  const [filters, classes] = await Promise.all([
    readIpJson(command, show('filter', 'parent', own.handle), z.record(z.string(), z.json()), namespace, 'tc'),
    // tc 6.1 lists classes only as text.
    runChecked(command, ['tc', ...show('class')], { ...READ_LIMITS, ...inNamespace(namespace) }),
  ]);
  const ownClasses = classes.stdout.split('\n').filter((line) => line.split(' ')[2]?.startsWith(own.handle));
  const qdiscs = [own, ...childrenOf(own, all)].map(({ kind, handle, parent, options }) =>
    withoutCounts({ kind, handle, parent, options }),
  );
  return canonicalJson({ qdiscs, classes: ownClasses, filters });
}
