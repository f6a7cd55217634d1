import { useEffect, useState } from 'preact/hooks';
import { browser } from './browser.ts';

const TICK_MS = 1_000;

/** Renders the component again each second while `isOn`. */
export function useTicks(isOn: boolean): void {
  const [, setTicks] = useState(0);
  useEffect(() => {
    if (!isOn) return;
    let cancel = () => {};
    const tick = () => {
      setTicks((ticks) => ticks + 1);
      cancel = browser().after(TICK_MS, tick);
    };
    cancel = browser().after(TICK_MS, tick);
    return () => cancel();
  }, [isOn]);
}
