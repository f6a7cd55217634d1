import type { Services } from '../services/services.ts';
import { type Terminal, writeLines } from './terminal.ts';

/** The time after which a person learns what a command still waits for. */
const PATIENCE_MS = 2_000;

/** Waits for the notices of runs that are under way, at most until their time-out. A stop signal ends them, and changes no exit code. */
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
