import * as z from 'zod/mini';
import { type PlanId, parsePlanId, parseRunId, type RunId } from '../ids.ts';
import { lazy } from '../lazy.ts';

// Separate from ids.ts and owner.ts, which the program of the private host includes: zod would make it ten times as large.

export const runIdSchema = lazy(() =>
  z.pipe(
    z.string(),
    z.transform((text, { issues }): RunId => {
      const id = parseRunId(text);
      if (id !== undefined) return id;
      issues.push({ code: 'custom', message: `not a run id: ${text}`, input: text });
      return z.NEVER;
    }),
  ),
);

export const planIdSchema = lazy(() =>
  z.pipe(
    z.string(),
    z.transform((text, { issues }): PlanId => {
      const id = parsePlanId(text);
      if (id !== undefined) return id;
      issues.push({ code: 'custom', message: `not a plan id: ${text}`, input: text });
      return z.NEVER;
    }),
  ),
);

/** The identity of a process: it differs from that of a later process with the same pid, and of one before the last boot. */
export const ownerSchema = lazy(() =>
  z.strictObject({
    pid: z.number(),
    /** Clock ticks after boot, as in /proc/PID/stat. */
    startTime: z.string(),
    bootId: z.string(),
    /** The identity of the PID namespace in which it has this pid; absent if that is wf's own. */
    pidNamespace: z.exactOptional(z.string()),
  }),
);
