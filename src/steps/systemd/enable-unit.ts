import path from 'node:path';
import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { ChangeState, HostContext } from '../../engine/workflow/step.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import { systemUnitPath } from '../../host/systemd/unit-file.ts';
import { gone, IN_PLACE } from '../net/place.ts';
import { readUnitState, requireLoaded, runSystemctl, unitNameSchema } from './systemctl.ts';

const READ_MS = 10_000;
const MOST_UNITS = 16;

const input = z.object({
  name: unitNameSchema,
  state: z.enum(['enabled', 'disabled']).default('enabled').describe('whether the unit is to be started at boot'),
});

/** Links of systemd's folder by path: the target of each. */
const linksSchema = z.record(z.string(), z.string());
type Links = z.infer<typeof linksSchema>;

const record = z.object({
  unit: z.string(),
  state: z.enum(['enabled', 'disabled']),
  /** The unit, and those that its `Also=` names. */
  units: z.array(z.string()),
  before: linksSchema,
  /** Null until the command has ended. */
  after: linksSchema.nullable(),
  /** Folders of links that existed before. */
  folders: z.array(z.string()),
});
type Enablement = z.output<typeof record>;

/** Enables or disables a unit. */
export const enableUnit = defineStep({
  kind: 'systemd.enable',
  description: 'Enables or disables a unit; the undo restores exactly the links that systemd had.',
  input,
  output: z.object({
    unit: z.string().describe('name of the unit'),
    links: z.array(z.string()).describe('links by which it is enabled'),
  }),
  record,
  survivesReboot: true,
  alters: [],
  commands: ({ name, state }) => [['systemctl', verbOf(state), name]],
  rehearse: ({ name }) => ({ unit: name, links: [] }),
  rehearseUndo: ({ name, state }) => [['systemctl', state === 'enabled' ? 'disable' : 'enable', name]],

  async observe({ name, state }, context, earlier) {
    const target = `enablement of ${name}`;
    const units = earlier?.units ?? (await withAlso(name, context));
    const { links, folders } = await readLinks(units, context);
    const output = { unit: name, links: Object.keys(links) };
    const { LoadState, UnitFileState } = await readUnitState(name, context);
    const isAsAsked = UnitFileState === state;
    if (earlier !== undefined) {
      if (earlier.after !== null && !isSame(links, earlier.after)) {
        return { found: 'foreign', error: changedByOthers(earlier) };
      }
      if (earlier.after !== null || isAsAsked) {
        return { found: 'ours', target, record: { ...earlier, after: links }, output };
      }
      return { found: isSame(links, earlier.before) ? 'absent' : 'partial', target, record: earlier };
    }
    requireLoaded(name, await readUnitState(name, context));
    if (isAsAsked) return { found: 'unchanged', output };
    if (UnitFileState !== 'enabled' && UnitFileState !== 'disabled') {
      return { found: 'foreign', error: cannotEnable(name, UnitFileState || LoadState) };
    }
    return { found: 'absent', target, record: { unit: name, state, units, before: links, after: null, folders } };
  },

  async apply(_asked, intended, _found, context) {
    const { unit, state, units } = intended;
    await runSystemctl(context, verbOf(state), unit);
    return { ...intended, after: (await readLinks(units, context)).links };
  },

  async inspect(made, context): Promise<ChangeState> {
    const { links, emptyFolders } = await readLinks(made.units, context);
    // A killed undo may have left a folder that the links needed.
    const isAsBefore = isSame(links, made.before) && newFolders(made.folders, emptyFolders).length === 0;
    if (isAsBefore) return gone(`${made.unit} is enabled as before`);
    return isBetween(links, made) ? IN_PLACE : { found: 'unknown', error: changedByOthers(made) };
  },

  async undo(made, context) {
    const { before, folders, units } = made;
    const { files, place } = context.host;
    const owner = { uid: place.user, gid: process.getegid?.() ?? 0 };
    const { links } = await readLinks(units, context);
    if (!isBetween(links, made)) throw changedByOthers(made);
    for (const link of Object.keys(links)) {
      if (before[link] === links[link]) continue;
      const at = await files.locate(link);
      const found = await files.inspect(at);
      if (found?.type === 'link') await files.remove(at, found);
    }
    for (const [link, target] of Object.entries(before)) {
      if (links[link] === target) continue;
      const folder = path.dirname(link);
      const parent = await files.locate(folder);
      if ((await files.inspect(parent)) === null) await files.createFolder(parent, { mode: 0o755, ...owner });
      await files.createLink(await files.locate(link), target, owner);
    }
    await runSystemctl(context, 'daemon-reload');
    await removeNewFolders(folders, context);
  },
  undoCommands: (made) => undoCommandsOf(made),
});

function verbOf(state: 'enabled' | 'disabled'): string {
  return state === 'enabled' ? 'enable' : 'disable';
}

/** Returns the links of systemd's folder that belong to these units, by their own name or the name of their target. */
async function readLinks(
  units: readonly string[],
  { host, signal }: HostContext,
): Promise<{ readonly links: Links; readonly folders: string[]; readonly emptyFolders: string[] }> {
  const folder = systemUnitPath('');
  const argv: Argv = ['find', folder, '-mindepth', '1', '-maxdepth', '2', '-printf', '%y\\0%p\\0%l\\0'];
  const { stdout } = await runChecked(host.command, argv, {
    timeoutMs: READ_MS,
    signal,
    maxOutputBytes: 4 * 1024 ** 2,
  });
  const words = stdout.split('\0');
  const links: Links = {};
  const folders: string[] = [];
  const parents = new Set<string>();
  for (let at = 0; at + 2 < words.length; at += 3) {
    const [type = '', file = '', target = ''] = words.slice(at, at + 3);
    parents.add(path.dirname(file));
    if (type === 'd') folders.push(file);
    const belongs = units.includes(path.basename(file)) || units.includes(path.basename(target));
    if (type === 'l' && belongs) links[file] = target;
  }
  return { links, folders: folders.toSorted(), emptyFolders: folders.filter((one) => !parents.has(one)) };
}

/** Returns the unit and the units that are enabled with it. */
async function withAlso(name: string, { host, signal }: HostContext): Promise<string[]> {
  const units = [name];
  for (const unit of units) {
    const argv: Argv = ['systemctl', '--no-pager', 'cat', '--', unit];
    const { stdout } = await host.command.run(argv, { timeoutMs: READ_MS, signal });
    const also = [...stdout.matchAll(/^\s*Also\s*=(.*)$/gm)].flatMap(([, names = '']) => names.split(/\s+/));
    units.push(...also.filter((one) => one !== '' && !units.includes(one)));
    if (units.length > MOST_UNITS) throw cannotEnable(name, `enabled with more than ${MOST_UNITS} others`);
  }
  return units;
}

async function removeNewFolders(before: readonly string[], context: HostContext): Promise<void> {
  const { files } = context.host;
  const { emptyFolders } = await readLinks([], context);
  for (const folder of newFolders(before, emptyFolders)) {
    const at = await files.locate(folder);
    const found = await files.inspect(at);
    if (found?.type === 'folder') await files.remove(at, found);
  }
}

/** Returns the empty folders for links of systemd that did not exist before. */
function newFolders(before: readonly string[], emptyFolders: readonly string[]): readonly string[] {
  return emptyFolders.filter((folder) => !before.includes(folder) && /\.(?:wants|requires|upholds)$/.test(folder));
}

function isSame(a: Links, b: Links): boolean {
  return Object.keys({ ...a, ...b }).every((link) => a[link] === b[link]);
}

/** Returns whether each link is as before or as after: a killed undo has restored some of them. */
function isBetween(links: Links, { before, after }: Enablement): boolean {
  // The command was killed, and changed an unknown part of the links.
  if (after === null) return true;
  const all = Object.keys({ ...links, ...before, ...after });
  return all.every((link) => links[link] === before[link] || links[link] === after[link]);
}

function undoCommandsOf({ before, after, unit, state }: Enablement): readonly Argv[] {
  if (after === null) return [['systemctl', state === 'enabled' ? 'disable' : 'enable', unit]];
  const made = Object.keys(after).filter((link) => before[link] !== after[link]);
  const removed = Object.entries(before).filter(([link, target]) => after[link] !== target);
  return [
    ...made.map((link): Argv => ['rm', link]),
    ...removed.map(([link, target]): Argv => ['ln', '--symbolic', '--', target, link]),
    ['systemctl', 'daemon-reload'],
  ];
}

function cannotEnable(name: string, state: string): WfError {
  return new WfError('E_SYSTEMD', `${name} cannot be enabled or disabled: it is ${state}`, {
    hint: `Check it with \`systemctl is-enabled ${name}\`. A unit needs an [Install] section.`,
  });
}

function changedByOthers(made: Enablement): WfError {
  const byHand = undoCommandsOf(made).map(commandLine).join(' && ');
  return new WfError('E_FILE_CHANGED', `somebody else has enabled or disabled ${made.unit} after the run`, {
    hint: `wf left it as it is. To restore the links by hand: \`${byHand}\`.`,
  });
}
