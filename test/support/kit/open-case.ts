import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Foreign, TestedWorkflow } from '../../../src/testing/index.ts';

/** A workflow on a host of its own, with all that the functions of the kit need. */
export interface OpenCase {
  readonly tested: TestedWorkflow;
  readonly foreign: Readonly<Record<string, Foreign>>;
  /** Stage after which a workflow that cleans up by itself is rolled back. */
  readonly pauseAfter?: string;
  /** If all points are tried, one in this many is: other tests of `crash` kill these workflows at every point. */
  readonly sparse?: number;
  /** Folder for the histories; by default that for temporary files. */
  readonly scratch?: string;
  reboot(): unknown;
  close(): Promise<void> | void;
}

/** Members of `ip -json` that depend on the number of earlier links, or change by themselves. */
const VOLATILE = new Set([
  'ifindex',
  'link_index',
  'link_netnsid',
  'operstate',
  'stats64',
  'linkinfo',
  'promiscuity',
  'allmulti',
  'tentative',
]);
const CARRIER: readonly unknown[] = ['NO-CARRIER', 'LOWER_UP', 'linkdown'];

/** Returns the output of `ip -json` without what does not belong to the state of a run. */
export function settled(text: string): unknown {
  return JSON.parse(withoutRandom(text) || '[]', (key, value: unknown) => {
    if (VOLATILE.has(key)) return undefined;
    if (!Array.isArray(value)) return value;
    // The order of routes follows from that in which links came up.
    const items: readonly unknown[] = value.filter((item) => !CARRIER.includes(item));
    return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  });
}

export const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/kit/${name}.ts`, import.meta.url));

export function scratch(): string {
  return mkdtempSync(path.join(tmpdir(), 'wf-kit-'));
}

/** Replaces the MAC addresses that the kernel chose, and addresses made of them. */
export function withoutRandom(text: string): string {
  return text
    .replaceAll(/\bfe80::[0-9a-f:]+/g, 'LINK-LOCAL')
    .replaceAll(/\b33:33:ff(?::[0-9a-f]{2}){3}\b/g, 'MULTICAST')
    .replaceAll(/\b(?!02:00:00|33:33|01:00)[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, 'MAC');
}
