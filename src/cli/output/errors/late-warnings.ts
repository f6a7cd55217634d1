import type { WfError } from '../../../engine/model/errors.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { type TextSink, writeLines } from '../terminal.ts';

/** Warnings that can arise at any time during a command. */
export interface LateWarnings {
  /** Prints a warning; on a terminal, which may show a live view, at the end of the command. */
  report(error: WfError): void;
  /** Prints the warnings that are left. */
  end(): void;
}

export function lateWarnings(sink: TextSink): LateWarnings {
  const waiting: WfError[] = [];
  const print = (error: WfError) => writeLines(sink, warningLines(error.toRecord(), sink.style));
  return {
    report(error) {
      if (sink.liveHeight === null) print(error);
      else waiting.push(error);
    },
    end() {
      for (const error of waiting.splice(0)) print(error);
    },
  };
}
