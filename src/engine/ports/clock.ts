/** Time and chance, passed in so that a test decides both. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** A number in [0, 1), as Math.random gives it. */
export type Random = () => number;
