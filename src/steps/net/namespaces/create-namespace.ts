import { z } from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import { linkAliasOf, runOfLinkAlias } from '../../../engine/model/identity/mark.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { Requirement } from '../../../engine/workflow/requirement.ts';
import type { HostContext, HostPorts } from '../../../engine/workflow/step.ts';
import { type Link, readLinks } from '../../../host/ip/link.ts';
import { findNamedNamespace } from '../../../host/namespaces/named-namespace.ts';
import { networkNamespacesInUse } from '../../../host/namespaces/namespaces-in-use.ts';
import { commandOf } from '../../../host/processes/process-files.ts';
import { namespaceSchema, placeHandleSchema } from '../../place-handle.ts';
import { gone, hostPlace, IN_PLACE, namespaceOf, observeIn, placeSchema, runAt, tryAt, undoIn } from '../place.ts';
import { namespaceNameSchema } from './namespace-name.ts';

const record = z.object({
  place: placeSchema,
  name: z.string(),
  alias: z.string(),
  /** Null until the namespace exists. */
  namespace: namespaceSchema.nullable(),
});
type NamespaceRecord = z.infer<typeof record>;

/** A namespace found by its name, with its links. */
interface Found {
  readonly namespace: z.infer<typeof namespaceSchema>;
  readonly links: readonly Link[];
  /** Alias of its loopback link, which is its mark. */
  readonly mark: string | null;
}

/** Links that the kernel itself creates in every namespace, if their modules are loaded. */
const OF_KERNEL = new Set('lo tunl0 gre0 gretap0 erspan0 ip_vti0 ip6_vti0 sit0 ip6tnl0 ip6gre0'.split(' '));

/** Creates a named network namespace with the run's mark: a place for other steps. */
export const createNamespace = defineStep({
  kind: 'net.namespace',
  description: 'Creates a named network namespace, in which other steps can be done (`in`). Its loopback link is up.',
  input: z.object({ name: namespaceNameSchema.describe('name, as `ip netns` lists it') }),
  output: placeHandleSchema,
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ name }) => [addCommand(name)],
  rehearse: ({ name }) => ({ name, namespace: { path: pathOf(name, null), inode: 1, process: null } }),
  rehearseUndo: ({ name }) => [deleteCommand(name)],

  async observe({ name }, context, earlier) {
    const place = earlier?.place ?? hostPlace(context.host);
    namespaceOf(place, context.host);
    const target = `namespace ${name}`;
    const intended: NamespaceRecord = earlier ?? { place, name, alias: linkAliasOf(context.run), namespace: null };
    const found = await findNamespace(name, context.host);
    if (found === null) return { found: 'absent', target, record: intended };
    if (!isOurs(found, intended, earlier !== undefined)) return { found: 'foreign', error: nameInUse(name, found) };
    if (found === 'file' || found.mark === null) return { found: 'partial', target, record: intended };
    const { namespace } = found;
    return { found: 'ours', target, record: { ...intended, namespace }, output: { name, namespace } };
  },

  async apply({ name }, intended, found, context) {
    const { place, alias } = intended;
    const present = found === 'absent' ? null : await findNamespace(name, context.host);
    // Left by an `ip netns add` that was killed before it mounted the namespace.
    if (present === 'file') await runAt(context, place, deleteCommand(name));
    if (present === null || present === 'file') await addNamespace(name, intended, context);
    await runAt(context, place, ['ip', '-n', name, 'link', 'set', 'dev', 'lo', 'up', 'alias', alias]);
    return intended;
  },

  inspect: (made, context) =>
    observeIn(async () => {
      namespaceOf(made.place, context.host);
      const found = await findNamespace(made.name, context.host);
      if (found === null) return gone(`the namespace ${made.name} is gone`);
      return isOurs(found, made, true) ? IN_PLACE : gone(`${made.name} is another namespace now`);
    }),

  undo: (made, context) =>
    undoIn(async () => {
      namespaceOf(made.place, context.host);
      const found = await findNamespace(made.name, context.host);
      if (found === null || !isOurs(found, made, true)) return;
      if (found !== 'file') refuseInUse(made, found);
      await runAt(context, made.place, deleteCommand(made.name));
    }),
  undoCommands: ({ name }) => [deleteCommand(name)],
});

function addCommand(name: string): Argv {
  return ['ip', 'netns', 'add', name];
}

function deleteCommand(name: string): Argv {
  return ['ip', 'netns', 'delete', name];
}

/** Returns the path of a named namespace for this process, which may be outside its private host. */
function pathOf(name: string, holder: HostPorts['namespace']['holder']): string {
  return `${holder === null ? '' : `/proc/${holder.pid}/root`}/run/netns/${name}`;
}

async function findNamespace(name: string, { command, namespace: own }: HostPorts): Promise<Found | 'file' | null> {
  const { holder } = own;
  const path = pathOf(name, holder);
  const found = findNamedNamespace(path);
  if (found === null || found === 'file') return found;
  const namespace = { path, ...found, process: holder && { ...holder } };
  const links = await readLinks(command, namespace);
  return { namespace, links, mark: links.find((link) => link.name === 'lo')?.alias ?? null };
}

/**
 * Returns whether a namespace is ours: by its identity; while that is unknown, by its mark; and before it is marked, if the step has an
 * intent and the namespace is unused.
 */
function isOurs(found: Found | 'file', { alias, namespace }: NamespaceRecord, isIntended: boolean): boolean {
  if (found === 'file') return isIntended && namespace === null;
  const { inode, born } = found.namespace;
  if (namespace !== null) return namespace.inode === inode && namespace.born === born;
  return found.mark === alias || (isIntended && isUnused(found));
}

function isUnused({ namespace, links, mark }: Found): boolean {
  const isFresh = links.every(({ name, up }) => OF_KERNEL.has(name) && !up);
  return mark === null && isFresh && processesIn(namespace.inode).length === 0;
}

function processesIn(inode: number): readonly number[] {
  return (networkNamespacesInUse().get(inode) ?? []).map(({ process }) => process.pid);
}

/** @throws WfError E_NAME_IN_USE with `untouched` if the name is taken by now */
async function addNamespace(name: string, { place }: NamespaceRecord, context: HostContext): Promise<void> {
  const { end, stderr } = await tryAt(context, place, addCommand(name));
  if (end.type === 'exited' && end.exitCode === 0) return;
  const why = stderr.trim().slice(0, 200) || end.type;
  // `ip` removes the name again if it fails, unless it was killed.
  const untouched = end.type === 'exited';
  throw new WfError('E_HOST_COMMAND', `the namespace ${name} cannot be created: ${why}`, {
    hint: 'List the names in use with `ip netns list`. A security module or a container may forbid mounts on /run/netns.',
    untouched,
  });
}

/** Refuses to remove a namespace in use: it would survive without a name. @throws WfError E_NAME_IN_USE */
function refuseInUse({ name, alias }: NamespaceRecord, { namespace, links }: Found): void {
  const [pid] = processesIn(namespace.inode);
  const link = links.find((one) => one.alias !== alias && !OF_KERNEL.has(one.name));
  if (pid === undefined && link === undefined) return;
  const [user, hint] =
    pid === undefined
      ? [`the link ${link?.name}, which this run did not create`, 'Remove or move the link']
      : [`process ${pid} (${commandOf(pid)})`, `End the process with \`kill ${pid}\``];
  throw new WfError('E_NAME_IN_USE', `the namespace ${name} is in use: ${user} is in it`, {
    hint: `${hint}, then undo the run again.`,
  });
}

/** Requires that no network namespace of the host has this name, and claims the name for the run. */
export function namespaceNameFree(name: string): Requirement {
  return {
    title: `namespace ${name}`,
    purpose: 'creating a network namespace',
    claim: `namespace ${name}`,
    async check(host) {
      try {
        const found = await findNamespace(name, host);
        return found === null ? { met: true, found: 'free' } : { met: false, error: nameInUse(name, found) };
      } catch (thrown) {
        return { met: false, error: asWfError(thrown) };
      }
    },
  };
}

function nameInUse(name: string, found: Found | 'file'): WfError {
  const owner = found === 'file' ? undefined : runOfLinkAlias(found.mark);
  const whose = owner === undefined ? 'wf did not create it' : `wf run ${owner} created it`;
  return new WfError('E_NAME_IN_USE', `the network namespace ${name} exists already: ${whose}`, {
    hint:
      owner === undefined
        ? 'Choose another name in the input, or remove the namespace with `ip netns delete` if it is yours.'
        : `Undo that run first with \`wf rollback ${owner}\`.`,
  });
}
