import { z } from 'zod';

/** The share of the hosts of a fleet run that changes at once: a number of hosts, or a percentage of all of them. */
export const shareSchema = z.union([
  z.strictObject({ hosts: z.int().min(1) }),
  z.strictObject({ percent: z.number().gt(0).max(100) }),
]);
export type Share = Readonly<z.output<typeof shareSchema>>;

interface WaveRule {
  /** Number of hosts in the first wave; null for one as large as the others. */
  readonly canary: number | null;
  /** Number of hosts in each other wave; null for all. */
  readonly atOnce: Share | null;
}

/** Returns the hosts of each wave, in the given order. A percentage is rounded up to whole hosts. */
export function wavesOf<Host>(hosts: readonly Host[], { canary, atOnce }: WaveRule): readonly (readonly Host[])[] {
  const size = sizeOf(atOnce, hosts.length);
  const first = hosts.slice(0, canary ?? size);
  const waves = first.length === 0 ? [] : [first];
  for (let begin = first.length; begin < hosts.length; begin += size) waves.push(hosts.slice(begin, begin + size));
  return waves;
}

function sizeOf(share: Share | null, hosts: number): number {
  if (share === null) return Math.max(1, hosts);
  return 'hosts' in share ? share.hosts : Math.max(1, Math.ceil((hosts * share.percent) / 100));
}

/** Parses `20` or `10%`; undefined for anything else. */
export function parseShare(text: string): Share | undefined {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const parsed = shareSchema.safeParse(percent === '%' ? { percent: Number(number) } : { hosts: Number(number) });
  return parsed.success ? parsed.data : undefined;
}
