import { z } from 'zod';
import type { Json } from '../../engine/model/json.ts';
import { forwardingMembers, isConfigured } from '../../host/ip/forwarding.ts';
import { readSection, type Section } from '../differences/shape.ts';
import { parseOutput } from './parse-output.ts';

const entrySchema = z.looseObject(forwardingMembers());
type Entry = z.output<typeof entrySchema>;

/** Parses the configured entries from `bridge -json fdb show`. @throws UnexpectedOutput */
export function forwardingEntriesOf(text: string): readonly Entry[] {
  return parseOutput('bridge', text, z.array(entrySchema)).filter(isConfigured);
}

/**
 * Builds the section of these entries, without those of the kernel: the addresses of a bridge and its ports, and the address filters of
 * links, which follow from the links above.
 * @param macs MAC addresses by link name
 */
export function forwardingSection(entries: readonly Entry[], macs: ReadonlyMap<string, string>): Section {
  return readSection(
    entries.filter((entry) => !isOfKernel(entry, macs)).map((entry) => [subjectOf(entry), attributesOf(entry)]),
  );
}

function isOfKernel({ mac, ifname, master, dst, state }: Entry, macs: ReadonlyMap<string, string>): boolean {
  if (dst !== undefined) return false;
  return master === undefined || (state === 'permanent' && [ifname, master].some((name) => macs.get(name) === mac));
}

function subjectOf({ mac, ifname, vlan, dst }: Entry): string {
  const where = `${vlan === undefined ? '' : ` vlan ${vlan}`}${dst === undefined ? '' : ` dst ${dst}`}`;
  return `forwarding entry ${mac}${where} dev ${ifname}`;
}

function attributesOf({ mac, ifname, master, vlan, dst, port, vni, state, flags }: Entry): Json {
  const isSticky = flags.includes('sticky');
  const optional = { master, vlan, dst, port, vni };
  const given = Object.entries(optional).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { mac, dev: ifname, state, ...Object.fromEntries(given), ...(isSticky ? { sticky: true } : {}) };
}
