import { useEffect, useState } from 'preact/hooks';
import type { PageFrame } from '../page-model.ts';
import { browser } from './browser.ts';
import { useTicks } from './use-ticks.ts';

/**
 * Returns the milliseconds until a moment, second by second, by the clock of the server; 0 from then on. Null before the browser has taken
 * over.
 */
export function useCountdown({ now }: Pick<PageFrame, 'now'>, until: number): number | null {
  const [aheadMs, setAheadMs] = useState<number | null>(null);
  useEffect(() => setAheadMs(browser().now() - now), [now]);
  useTicks(true);
  return aheadMs === null ? null : Math.max(0, until - (browser().now() - aheadMs));
}
