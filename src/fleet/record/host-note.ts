import type { FleetRecord } from './fleet-record.ts';

/** Returns who wrote a host off, or why its part failed; empty if neither. */
export function hostNote({ writtenOff, error }: FleetRecord['hosts'][number]): string {
  if (writtenOff !== null) return `written off by ${writtenOff.by}: ${writtenOff.reason}`;
  return error === null ? '' : `${error.code}: ${error.message}`;
}
