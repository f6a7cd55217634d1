import type { RunObserver } from '../run/engine.ts';

/** Returns an observer whose errors go to `report` instead of the run. */
export function guardObserver(observer: RunObserver, report: (error: unknown) => void): RunObserver {
  const guarded = <Given extends readonly unknown[]>(call: (...given: Given) => unknown) => {
    return (...given: Given): void => {
      try {
        const answer = call(...given);
        if (answer instanceof Promise) answer.catch(report);
      } catch (thrown) {
        report(thrown);
      }
    };
  };
  return {
    committed: guarded((entry) => observer.committed?.(entry)),
    progress: guarded((step, message) => observer.progress?.(step, message)),
    notNotified: guarded((notice, error) => observer.notNotified?.(notice, error)),
  };
}
