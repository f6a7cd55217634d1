import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { readRoutes } from '../../host/ip/route.ts';
import {
  gone,
  IN_PLACE,
  namespaceOf,
  observeIn,
  type Place,
  placeName,
  placeOf,
  placeSchema,
  typedAt,
  typedIn,
  undoIn,
} from '../net/place.ts';
import { placeInput } from '../place-handle.ts';
import { overwrittenWith, readSetting, sysctlCommand, writeSetting } from './setting-file.ts';
import { isOfNamespace, sameValue, settingNameSchema, settingValueSchema } from './setting-name.ts';

const record = z.object({
  place: placeSchema,
  name: z.string(),
  value: z.string(),
  /** Value before, as the kernel printed it. */
  previous: z.string(),
  /** Settings that the kernel overwrites with this one, and their values before, if these do not follow from `previous`. */
  overwritten: z.array(z.object({ name: z.string(), value: z.string() })),
});
type SettingRecord = z.infer<typeof record>;

/** Sets a kernel setting, in the network namespace of the host or in another one. */
export const setSysctl = defineStep({
  kind: 'sysctl.set',
  description: 'Sets the running value of a kernel setting (sysctl), on the host or in another network namespace.',
  input: z.object({
    name: settingNameSchema.describe(
      'setting, such as `net.ipv4.ip_forward`; write `net/ipv4/conf/eth0.5/forwarding` if the name of the link has a dot',
    ),
    value: settingValueSchema.describe('value; several numbers with blanks between them'),
    in: placeInput,
  }),
  output: z.object({
    name: z.string().describe('setting, as sysctl prints it'),
    value: z.string().describe('value, as the kernel prints it'),
    previous: z.string().describe('value before'),
  }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ name, value, in: where }) => [typedIn(where, sysctlCommand(name, value))],
  rehearse: ({ name, value }) => ({ name, value, previous: '' }),

  async observe({ name, value, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    requireNamespaced(name, place, context);
    const present = await readSetting(context, place, name);
    if (present === null) throw noSuchSetting(name, place);
    const target = `sysctl ${name} ${placeName(place)}`;
    const own = earlier !== undefined && earlier.name === name ? earlier : undefined;
    if (sameValue(present, value)) {
      const output = { name, value: present, previous: own?.previous ?? present };
      return own === undefined ? { found: 'unchanged', output } : { found: 'ours', target, record: own, output };
    }
    if (own !== undefined && present !== own.previous) return { found: 'foreign', error: setByOthers(own, present) };
    const loss = await lossBy({ place, name, value }, context);
    if (loss !== null) throw irreversible(name, value, loss);
    const overwritten = own?.overwritten ?? (await overwrittenWith(context, place, { name, value: present }));
    return {
      found: 'absent',
      target,
      record: { place, name, value, previous: present, overwritten: [...overwritten] },
    };
  },

  async apply(_input, setting, _found, context) {
    const { place, name, value } = setting;
    await writeSetting(context, place, name, value);
    const taken = await readSetting(context, place, name);
    if (taken !== null && !sameValue(taken, value)) {
      await restore(setting, context);
      throw new WfError(
        'E_STEP_FAILED',
        `the kernel took "${value}" for ${name} as "${taken}"; the value is as before`,
        {
          hint: `Give the value as the kernel prints it: "${taken}".`,
        },
      );
    }
    return setting;
  },

  inspect: (setting, context) =>
    observeIn(async () => {
      const present = await readSetting(context, setting.place, setting.name);
      if (present === null) return gone(`the kernel no longer has the setting ${setting.name}`);
      if (sameValue(present, setting.value)) return IN_PLACE;
      if (present !== setting.previous) return { found: 'unknown', error: setByOthers(setting, present) };
      return (await notRestored(setting, context)).length > 0 ? IN_PLACE : gone(`${setting.name} is as before`);
    }),

  undo: (setting, context) =>
    undoIn(async () => {
      const present = await readSetting(context, setting.place, setting.name);
      if (present === null) return;
      if (!sameValue(present, setting.value) && present !== setting.previous) throw setByOthers(setting, present);
      await restore(setting, context);
    }),
  undoCommands: ({ place, name, previous, overwritten }) =>
    [{ name, value: previous }, ...overwritten].map((one) => typedAt(place, sysctlCommand(one.name, one.value))),
});

/** Writes the previous value, and those of the settings that the kernel overwrites with it. */
async function restore(setting: SettingRecord, context: HostContext): Promise<void> {
  const { place, name, previous } = setting;
  if ((await readSetting(context, place, name)) !== previous) await writeSetting(context, place, name, previous);
  for (const one of await notRestored(setting, context)) await writeSetting(context, place, one.name, one.value);
}

/** Returns the overwritten settings that exist and do not have their previous values. */
async function notRestored({ place, overwritten }: SettingRecord, context: HostContext) {
  const present = await Promise.all(overwritten.map(({ name }) => readSetting(context, place, name)));
  return overwritten.filter(({ value }, index) => present[index] !== null && present[index] !== value);
}

/** Refuses a setting of the whole machine anywhere but on the machine itself. */
function requireNamespaced(name: string, place: Place, { host }: HostContext): void {
  if (isOfNamespace(name) || (place.type === 'host' && host.namespace.holder === null)) return;
  const where = place.type === 'namespace' ? place.name : 'a private host';
  throw new WfError('E_STEP_FAILED', `${name} is a setting of the whole machine: it cannot be set in ${where}`, {
    hint: 'Set it with `in: null`, in a run on the machine itself: `wf start --runtime docker`.',
  });
}

/** Returns what the kernel removes with this value and a second write does not restore; null if nothing. */
async function lossBy(
  { place, name, value }: Pick<SettingRecord, 'place' | 'name' | 'value'>,
  { host }: HostContext,
): Promise<string | null> {
  if (!name.startsWith('net.ipv6.conf.') || value.trim() === '0') return null;
  if (name.endsWith('.disable_ipv6')) return 'IPv6 addresses';
  if (!name.endsWith('.forwarding')) return null;
  const routes = await readRoutes(host.command, { family: 'inet6', table: 'main' }, namespaceOf(place, host));
  return routes.some(({ protocol }) => protocol === 'ra') ? 'routes of router advertisements' : null;
}

function irreversible(name: string, value: string, loss: string): WfError {
  return new WfError('E_STEP_FAILED', `${name}=${value} makes the kernel remove ${loss}, which wf could not restore`, {
    hint: 'Use the step runner exec.command with an undo of your own.',
  });
}

function noSuchSetting(name: string, place: Place): WfError {
  return new WfError('E_STEP_FAILED', `the kernel has no setting ${name} ${placeName(place)}`, {
    hint: 'List the settings with `sysctl -a`. Some of net.core exist only on the machine itself.',
  });
}

function setByOthers({ place, name, value, previous }: SettingRecord, present: string): WfError {
  return new WfError(
    'E_FOREIGN',
    `${name} is "${present}" ${placeName(place)}: somebody else set it after the run set it to "${value}"`,
    {
      hint: `Keep that value, or restore the one before with \`${commandLine(typedAt(place, sysctlCommand(name, previous)))}\`.`,
    },
  );
}
