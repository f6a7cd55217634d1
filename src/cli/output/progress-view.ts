import type { StepId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { RunObserver } from '../../engine/run/engine.ts';
import { progressFrame } from '../../review/text/progress-frame.ts';
import { progressLine } from '../../review/text/progress-line.ts';
import { createProgressFollower, type ProgressFollower } from '../../review/timeline/progress.ts';
import { createLivePicture } from './live-picture.ts';
import type { TextSink } from './terminal.ts';

/** What a person sees of a run while it goes on. */
export interface ProgressView {
  readonly observer: RunObserver;
  /** A line that stays. */
  say(text: string): void;
  /** Whether the run's changes are being undone now. */
  isRollingBack(): boolean;
  /** The last picture stays; nothing is drawn any more. A second call does nothing. */
  end(): void;
}

/** A picture of the live view is drawn this often: the spinner turns smoothly, and it costs next to nothing. */
const FRAME_MS = 80;

/** A live view on a terminal, else a plain line for each step that has ended. `earlier` is what happened before it. */
export function createProgressView(
  sink: TextSink,
  clock: Clock,
  stageNames: readonly string[],
  earlier: readonly JournalEntry[] = [],
): ProgressView {
  const follower = createProgressFollower();
  for (const entry of earlier) follower.follow(entry);
  return sink.liveHeight === null ? plainView(sink, follower) : liveView(sink, clock, stageNames, follower);
}

function plainView(sink: TextSink, { progress, follow }: ProgressFollower): ProgressView {
  return {
    observer: {
      committed(entry) {
        follow(entry);
        const line = progressLine(progress, entry, sink.style);
        if (line !== undefined) sink.write(`${line}\n`);
      },
    },
    say: (text) => sink.write(`${text}\n`),
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
  return {
    observer: {
      committed: follow,
      progress: (step, message) => void notes.set(step, message),
    },
    say(text) {
      picture.clear();
      sink.write(`${text}\n`);
      if (!over) draw();
    },
    isRollingBack: () => progress.phase === 'rolling-back',
    end() {
      if (over) return;
      over = true;
      cancel();
      // Of a run that was refused there is no picture worth keeping.
      if (progress.visits.size > 0) draw();
      else picture.clear();
    },
  };
}
