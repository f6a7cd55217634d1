/** Stands in `--id` for the slot of a schedule. */
const SLOT = '@slot';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `@slot` in the id of a run by the minute, in UTC, in which the timer of systemd that started this process elapsed, else by
 * the current one: `20260131T0300Z`. systemd 252 and later pass the moment on.
 */
export function withSlot(id: string, now: number, env: Environment): string {
  const elapsed = /^\d{1,16}$/.exec(env['TRIGGER_TIMER_REALTIME_USEC'] ?? '')?.[0];
  const at = elapsed === undefined ? now : Number(elapsed) / 1000;
  return id.replaceAll(SLOT, slotOf(at));
}

/** Returns the slot of a moment: 14 characters. */
export function slotOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace(/[-:]/g, '')}Z`;
}
