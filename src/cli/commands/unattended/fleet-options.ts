import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { HOST_NAME_RULE, type HostName, hostNameSchema } from '../../../fleet/model/ids.ts';
import type { TlsFiles } from '../../../fleet/tls/credentials.ts';
import { fleetTls, fleetTlsArguments, fleetTlsOptions } from '../../arguments/fleet/fleet-tls.ts';
import { fleetUrl } from '../../arguments/fleet/fleet-url.ts';

/** Options of an agent that carries out parts of fleet runs. */
export const fleetOptions = z.object({
  fleet: z.string().optional(),
  name: z.string().optional(),
  label: z.array(z.string()).default([]),
  allow: z.array(z.string()).default([]),
  ...fleetTlsOptions.shape,
});
type FleetGiven = z.output<typeof fleetOptions>;

/** The fleet that an agent joins. */
export interface AskedFleet {
  readonly url: string;
  readonly tls: TlsFiles;
  readonly host: HostName;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the workflows that the host permits; null for all. */
  readonly allowed: readonly string[] | null;
}

/** Returns the fleet to join; undefined without --fleet. @throws WfError E_USAGE */
export function askedFleet({ fleet, name, label, allow, ...tls }: FleetGiven): AskedFleet | undefined {
  if (fleet === undefined) {
    const [option] = [
      ...(name === undefined ? [] : ['--name']),
      ...label.map(() => '--label'),
      ...allow.map(() => '--allow'),
      ...fleetTlsArguments(tls),
    ];
    if (option === undefined) return undefined;
    throw new WfError('E_USAGE', `${option} requires --fleet`, { hint: `Add --fleet, or leave ${option} out.` });
  }
  const url = fleetUrl('--fleet', fleet);
  if (name === undefined)
    throw new WfError('E_USAGE', '--fleet needs the --name of this host', { hint: HOST_NAME_RULE });
  const host = hostNameSchema.safeParse(name);
  if (!host.success) throw new WfError('E_USAGE', `--name ${name} is not a host name`, { hint: HOST_NAME_RULE });
  return {
    url,
    tls: fleetTls(url, tls),
    host: host.data,
    labels: labelsOf('--label', label),
    allowed: allow.length === 0 ? null : allow,
  };
}

/** Returns the options as they are typed, for a unit that starts the agent. */
export function fleetArguments({ fleet, name, label, allow, ...tls }: FleetGiven): readonly string[] {
  return [
    ...(fleet === undefined ? [] : ['--fleet', fleet]),
    ...(name === undefined ? [] : ['--name', name]),
    ...label.flatMap((each) => ['--label', each]),
    ...allow.flatMap((each) => ['--allow', each]),
    ...fleetTlsArguments(tls),
  ];
}

/** Parses `role=web`, `site=north`. @throws WfError E_USAGE */
export function labelsOf(option: string, given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((each) => {
      const [, key, value] = /^([A-Za-z0-9_.-]+)=(.*)$/.exec(each) ?? [];
      if (key !== undefined && value !== undefined) return [key, value];
      throw new WfError('E_USAGE', `${option} ${each} is not of the form name=value`, {
        hint: `Give it as ${option} role=web.`,
      });
    }),
  );
}
