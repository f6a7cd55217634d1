import type { StepId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { RunObserver } from '../../engine/run/engine.ts';
import { notNotifiedLine } from '../../review/text/notice-text.ts';
import { progressFrame } from '../../review/text/progress-frame.ts';
import { progressLine } from '../../review/text/progress-line.ts';
import { createProgressFollower, type ProgressFollower } from '../../review/timeline/progress.ts';
import { createLivePicture } from './live-picture.ts';
import type { TextSink } from './terminal.ts';

/** Progress display of a run. */
export interface ProgressView {
  readonly observer: RunObserver;
  /** Prints a permanent line. */
  print(text: string): void;
  /** Returns whether the run's changes are being undone. */
  isRollingBack(): boolean;
  /** Stops drawing; the last picture stays. Idempotent. */
  end(): void;
}

/** Frame interval of the live view: smooth enough for the spinner, and cheap. */
const FRAME_MS = 80;

/**
 * Creates a live view on a terminal, otherwise a view that prints one line per finished step. `earlier` is the journal so far. Without a
 * live view, warnings go to `warnings`, which `--quiet` does not silence.
 */
export function createProgressView(
  sink: TextSink,
  clock: Clock,
  stageNames: readonly string[],
  earlier: readonly JournalEntry[] = [],
  warnings = sink,
): ProgressView {
  const follower = createProgressFollower();
  for (const entry of earlier) follower.follow(entry);
  return sink.liveHeight === null ? plainView(sink, warnings, follower) : liveView(sink, clock, stageNames, follower);
}

function plainView(sink: TextSink, warnings: TextSink, { progress, follow }: ProgressFollower): ProgressView {
  return {
    observer: {
      committed(entry) {
        follow(entry);
        const line = progressLine(progress, entry, sink.style);
        if (line !== undefined) sink.write(`${line}\n`);
      },
      notNotified: (notice, error) => warnings.write(`${notNotifiedLine(notice, error)}\n`),
    },
    print: (text) => sink.write(`${text}\n`),
    isRollingBack: () => progress.phase === 'rolling-back',
    end: () => {},
  };
}

function liveView(
  sink: TextSink,
  clock: Clock,
  stageNames: readonly string[],
  { progress, follow }: ProgressFollower,
): ProgressView {
  const picture = createLivePicture(sink);
  const notes = new Map<StepId, string>();
  let frame = 0;
  let cancel = () => {};
  let over = false;

  const draw = () => {
    const material = { progress, stageNames, notes, now: clock.now(), frame, height: sink.liveHeight ?? 0 };
    picture.draw(progressFrame(material, sink.style));
  };
  const drawAgain = () => {
    cancel = clock.after(FRAME_MS, () => {
      frame += 1;
      draw();
      drawAgain();
    });
  };
  drawAgain();
  const print = (text: string) => {
    // The last picture stays.
    if (over) return sink.write(`${text}\n`);
    picture.clear();
    sink.write(`${text}\n`);
    draw();
  };
  return {
    observer: {
      committed: follow,
      progress: (step, message) => void notes.set(step, message),
      notNotified: (notice, error) => print(notNotifiedLine(notice, error)),
    },
    print,
    isRollingBack: () => progress.phase === 'rolling-back',
    end() {
      if (over) return;
      over = true;
      cancel();
      // A refused run has no picture worth keeping.
      if (progress.visits.size > 0) draw();
      else picture.clear();
    },
  };
}
