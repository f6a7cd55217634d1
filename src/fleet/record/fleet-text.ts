import { durationText, momentText } from '../../review/text/format/duration.ts';
import { counted } from '../../review/text/format/plain-text.ts';
import { type Cell, tableLines } from '../../review/text/format/table.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import type { HostState } from '../fleet-transport.ts';
import { isSilent } from '../model/mailbox.ts';
import { keyFingerprint } from '../secrets/key-fingerprint.ts';
import type { FleetRecord } from './fleet-record.ts';
import { hostNote } from './host-note.ts';

/** Returns a fleet run with its hosts, for people. */
export function fleetLines(record: FleetRecord, style: TextStyle): readonly string[] {
  const { id, workflow, status, hosts, durationMs, waitingFor, requests, error } = record;
  const took = durationMs === null ? '' : ` after ${durationText(durationMs)}`;
  return [
    `fleet run ${id}: ${workflow} on ${counted(hosts.length, 'host')}: ${status}${took}`,
    '',
    ...tableLines(
      [{ title: 'WAVE', align: 'right' }, { title: 'HOST' }, { title: 'STATUS' }, { title: 'NOTE', shrinksTo: 20 }],
      hosts.map((each): readonly Cell[] => [String(each.wave), each.host, each.status, hostNote(each)]),
      style,
    ),
    ...requests.map(({ at, by, kind, comment }) => `${at} ${kind} by ${by}${comment === null ? '' : `: ${comment}`}`),
    ...(error === null ? [] : ['', `${error.code}: ${error.message}`]),
    ...(waitingFor === null ? [] : ['', `next: wf fleet approve ${id}, or wf fleet cancel ${id}`]),
  ];
}

/** Returns the list of hosts. */
export function hostListLines(hosts: readonly HostState[], now: number, style: TextStyle): readonly string[] {
  return tableLines(
    [
      { title: 'HOST' },
      { title: 'STATE' },
      { title: 'ITEMS', align: 'right' },
      { title: 'LABELS', shrinksTo: 10 },
      { title: 'KEY' },
      { title: 'NOTE', shrinksTo: 20 },
    ],
    hosts.map((host) => [
      host.host,
      stateOf(host, now),
      String(host.items),
      Object.entries(host.session?.labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
      keyFingerprint(host.session?.publicKey) ?? '',
      host.writtenOff?.reason ?? host.progress?.error ?? '',
    ]),
    style,
  );
}

function stateOf({ seenAt, writtenOff, ...mailbox }: HostState, now: number): string {
  if (writtenOff !== null) return 'written off';
  return isSilent({ seenAt }, now)
    ? `silent${seenAt === null ? '' : ` since ${momentText(seenAt)}`}`
    : (mailbox.progress?.status ?? 'connected');
}
