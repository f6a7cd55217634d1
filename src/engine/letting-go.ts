import type { RunHandle } from './engine.ts';

/** How a process lets go of a run. */
interface Ways {
  /** Of one whose lease the journal has given up already. */
  release(): void;
  /** Of one whose lease this process still holds: it could not be advanced any further. */
  letGo(): void;
}

/** The handle of a run that is let go of, in the way that its result asks for, before the result comes. Nobody has to await that. */
export function lettingGo<Handle extends Pick<RunHandle, 'result'>>(handle: Handle, { release, letGo }: Ways): Handle {
  const result = handle.result.then(
    (stopped) => {
      release();
      return stopped;
    },
    (thrown: unknown) => {
      letGo();
      throw thrown;
    },
  );
  result.catch(() => {}); // who asks for the result is told; nobody else needs to be
  return { ...handle, result };
}
