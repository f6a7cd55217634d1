/** Summary line of ping. */
export interface PingSummary {
  readonly sent: number;
  readonly received: number;
  /** Mean round trip in milliseconds; null without an answer. */
  readonly rttMs: number | null;
}

/** Parses the summary in the output of ping, of iputils or busybox; undefined if ping printed none. */
export function parsePing(output: string): PingSummary | undefined {
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  if (counts === null) return undefined;
  const mean = /min\/avg\/max(?:\/mdev)? = [\d.]+\/([\d.]+)\//.exec(output)?.[1];
  return { sent: Number(counts[1]), received: Number(counts[2]), rttMs: mean === undefined ? null : Number(mean) };
}

/** Returns whether the kernel itself refused to send because there is no route to the target. */
export function isUnreachable(output: string): boolean {
  return /(Network is unreachable|No route to host|Network unreachable)/.test(output);
}
