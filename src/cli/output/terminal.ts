import picocolors from 'picocolors';
import type { ExitCode } from '../../engine/model/errors.ts';
import { escapeSteering } from '../../engine/model/json.ts';
import { errnoOf } from '../../host/machine/errno.ts';
import { byNumber } from '../../review/text/format/plain-text.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import { type Output, written } from './standard-output.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** One of the two outputs that a command writes to. */
export interface TextSink {
  write(text: string): void;
  /** As the terminal is now: its width changes when a window does. */
  readonly style: TextStyle;
  /** Why some of what was written could not be; undefined where all was, or whoever read has gone away. Comes once that is known. */
  failure(): Promise<Error | undefined>;
  /** Lines of the terminal; null where there is none, or one that cannot move its cursor. */
  readonly liveHeight: number | null;
}

/** All that a command knows of the outside of its process. */
export interface Terminal {
  /** For results. */
  readonly out: TextSink;
  /** For warnings, errors and what to do about a run. */
  readonly err: TextSink;
  /** For progress and notes, which `--quiet` leaves out; else the same as `err`. */
  readonly progress: TextSink;
  /** Whether a defect is reported with its stack trace (WF_DEBUG=1). */
  readonly debug: boolean;
  /** Calls `listener` at each signal to stop, instead of dying of it; the answer takes it off again. */
  onStopSignal(listener: (signal: StopSignal) => void): () => void;
  /** What `tell` answers is told of an error that no code has caught, instead of ending as one that began nothing; the answer takes it off again. */
  onUncaught(tell: () => UncaughtEnd): () => void;
  /** Ends the process at once. */
  exitNow(code: number): void;
}

/** How a command ends by an error that no code has caught. */
export interface UncaughtEnd {
  readonly exitCode: ExitCode;
  /** Text that follows the error. */
  readonly words: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A terminal that says no width has this many columns, one that says no height this many lines: the VT100's. */
const USUAL_WIDTH = 80;
const USUAL_HEIGHT = 24;

/** A pipe that nobody reads (`| head`); a terminal that has been closed. */
const NOBODY_READS: readonly (string | undefined)[] = ['EPIPE', 'EIO'];

/** An output as a sink. It never throws: what cannot be written is dropped, as is all that is written after that. */
export function createSink(output: Output, env: Environment): TextSink {
  const colors = picocolors.createColors(hasColor(output, env));
  let open = true;
  let failure: Error | undefined;
  output.on('error', (error) => {
    open = false;
    if (!NOBODY_READS.includes(errnoOf(error))) failure ??= error;
  });
  return {
    write(text) {
      if (open) output.write(showSteering(text, output.isTTY === true || colors.isColorSupported));
    },
    async failure() {
      await written(output);
      return failure;
    },
    get style() {
      return { width: output.isTTY ? output.columns || USUAL_WIDTH : null, colors };
    },
    get liveHeight() {
      return output.isTTY && env['TERM'] !== 'dumb' ? (output.rows ?? USUAL_HEIGHT) : null;
    },
  };
}

const ESCAPE = '\u001B';
/** A control character, with the rest of a sequence that wf writes itself: a colour, or a move of the live picture. */
const STEERING = /(?![\n\t])(\p{Cc})(\[(?:[\d;]*[mAJK]|\?2026[hl]))?|\p{Bidi_Control}/gu;

/** Shows by its number what would steer a terminal, except for wf's own sequences on one. The last line of defence, for all output. */
function showSteering(text: string, isTerminal: boolean): string {
  return text.replace(STEERING, (found, control?: string, rest?: string) => {
    const isOwn = control === '\r' || (control === ESCAPE && rest !== undefined);
    return isTerminal && isOwn ? found : `${byNumber(found)}${found.slice(1)}`;
  });
}

/** NO_COLOR beats FORCE_COLOR, which beats what the stream is. */
function hasColor({ isTTY }: Output, env: Environment): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isTTY === true && env['TERM'] !== 'dumb';
}

/** Writes nothing: the progress of a command that was given `--quiet`. */
export const SILENT: TextSink = {
  write: () => {},
  failure: async () => undefined,
  get style() {
    return PLAIN_STYLE;
  },
  liveHeight: null,
};

/** Returns the terminal with another style of its texts. */
export function withStyle(terminal: Terminal, style: Partial<TextStyle>): Terminal {
  const { out, err, progress } = terminal;
  return { ...terminal, out: styled(out, style), err: styled(err, style), progress: styled(progress, style) };
}

function styled(sink: TextSink, style: Partial<TextStyle>): TextSink {
  return {
    write: (text) => sink.write(text),
    failure: () => sink.failure(),
    get style() {
      return { ...sink.style, ...style };
    },
    get liveHeight() {
      return sink.liveHeight;
    },
  };
}

/** The style of a file: no colours, and lines of any length. */
export const PLAIN_STYLE: TextStyle = { width: null, colors: picocolors.createColors(false) };

/** Returns lines as a text, each ended. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Writes lines, each ended. */
export function writeLines(sink: TextSink, lines: readonly string[]): void {
  if (lines.length > 0) sink.write(linesText(lines));
}

/** Returns a JSON document as a text. */
export function jsonText(document: unknown): string {
  return `${escapeSteering(JSON.stringify(document, null, 2))}\n`;
}

/** Writes the one JSON document of a command that was given `--json`. */
export function writeJson(sink: TextSink, document: unknown): void {
  sink.write(jsonText(document));
}
