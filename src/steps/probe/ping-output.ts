/** What ping said in the end. */
export interface PingSummary {
  readonly sent: number;
  readonly received: number;
  /** Mean round trip in milliseconds; null without an answer. */
  readonly rttMs: number | null;
}

/** The summary in the output of ping, of iputils or busybox; undefined where it did not get as far as one. */
export function parsePing(output: string): PingSummary | undefined {
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  if (counts === null) return undefined;
  const mean = /min\/avg\/max(?:\/mdev)? = [\d.]+\/([\d.]+)\//.exec(output)?.[1];
  return { sent: Number(counts[1]), received: Number(counts[2]), rttMs: mean === undefined ? null : Number(mean) };
}

/** Whether the kernel itself refused to send: there is no route to the target. */
export function isUnreachable(output: string): boolean {
  return /(Network is unreachable|No route to host|Network unreachable)/.test(output);
}
