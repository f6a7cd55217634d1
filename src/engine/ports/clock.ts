/** Time and chance, passed in so that a test decides both. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls `callback` once after `delayMs`; the answer cancels it. The process waits for it before it ends, unless it is called in the
   * background.
   */
  after(delayMs: number, callback: () => void, inBackground?: boolean): () => void;
}

/** A number in [0, 1), as Math.random gives it. */
export type Random = () => number;
