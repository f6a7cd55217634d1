import { useEffect, useState } from 'preact/hooks';
import type { PageFrame } from '../page-model.ts';
import { browser } from './browser.ts';

const TICK_MS = 1_000;

/**
 * Returns the milliseconds until a moment, second by second, by the clock of the server; 0 from then on. Null before the browser has taken
 * over.
 */
export function useCountdown({ now }: Pick<PageFrame, 'now'>, until: number): number | null {
  const [aheadMs, setAheadMs] = useState<number | null>(null);
  const [, setTicks] = useState(0);
  useEffect(() => {
    setAheadMs(browser().now() - now);
    let cancel = () => {};
    const tick = () => {
      setTicks((ticks) => ticks + 1);
      cancel = browser().after(TICK_MS, tick);
    };
    cancel = browser().after(TICK_MS, tick);
    return () => cancel();
  }, [now]);
  return aheadMs === null ? null : Math.max(0, until - (browser().now() - aheadMs));
}
