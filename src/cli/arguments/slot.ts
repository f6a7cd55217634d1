/** Stands in `--id` for the slot of a schedule. */
const SLOT = '@slot';

/**
 * Replaces `@slot` in the id of a run by the current minute, in UTC: `20260131T0300Z`. systemd's TRIGGER_TIMER_REALTIME_USEC cannot be
 * used instead: systemd 252 leaves it at the value of the first start.
 */
export function withSlot(id: string, now: number): string {
  return id.replaceAll(SLOT, slotOf(now));
}

/** Returns the slot of a moment: 14 characters. */
export function slotOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace(/[-:]/g, '')}Z`;
}
