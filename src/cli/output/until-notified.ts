import type { Services } from '../services/services.ts';
import { type Terminal, writeLines } from './terminal.ts';

/** Delay before the command prints what it waits for. */
const PATIENCE_MS = 2_000;

/** Waits until the pending notices of runs are sent, at most until their time-out. A stop signal ends them; the exit code stays. */
export async function untilNotified(
  { noticesSent, clock }: Pick<Services, 'noticesSent' | 'clock'>,
  terminal: Pick<Terminal, 'progress' | 'onStopSignal' | 'onHangup'>,
): Promise<void> {
  const stop = new AbortController();
  const sent = noticesSent(stop.signal);
  if (sent === undefined) return;
  const unlisten = [
    terminal.onStopSignal(() => stop.abort(), { runsWorkflowCode: false }),
    terminal.onHangup(() => {}),
    clock.after(PATIENCE_MS, () =>
      writeLines(terminal.progress, ['waiting for the command that is notified; Ctrl-C ends it']),
    ),
  ];
  try {
    await sent;
  } finally {
    for (const end of unlisten) end();
  }
}
