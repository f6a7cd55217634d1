import picocolors from 'picocolors';
import type { ExitCode } from '../../engine/model/errors.ts';
import { escapeTerminalControls } from '../../engine/model/json.ts';
import { errnoOf } from '../../host/machine/errno.ts';
import { byNumber } from '../../review/text/format/by-number.ts';
import { PLAIN_STYLE, type TextStyle } from '../../review/text/format/text-style.ts';
import { type Output, written } from './standard-output.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** An output of a command. */
export interface TextSink {
  write(text: string): void;
  /** Current style; the width follows the window. */
  readonly style: TextStyle;
  /** Resolves to the error if some output was lost; undefined if all was written, or the reader has gone away. */
  failure(): Promise<Error | undefined>;
  /** Lines of the terminal; null without a terminal that can move its cursor. */
  readonly liveHeight: number | null;
}

/** Environment of a command outside its process. */
export interface Terminal {
  /** Results. */
  readonly out: TextSink;
  /** Warnings, errors and advice about a run. */
  readonly err: TextSink;
  /** Progress and notes, which `--quiet` drops; otherwise the same as `err`. */
  readonly progress: TextSink;
  /** Whether a defect is reported with its stack trace (WF_DEBUG=1). */
  readonly debug: boolean;
  /**
   * Calls `listener` at each stop signal in place of the default exit; the returned function removes it. A separate thread receives
   * SIGINT if `runsWorkflowCode` (the default), because workflow code may loop forever.
   */
  onStopSignal(listener: (signal: StopSignal) => void, options?: { readonly runsWorkflowCode?: boolean }): () => void;
  /** Calls `listener` when the terminal of this process hangs up, in place of the default exit; the returned function removes it. */
  onHangup(listener: () => void): () => void;
  /** Ends the command after an uncaught error with the result of `describe`; the returned function removes it. */
  onUncaught(describe: () => UncaughtEnd): () => void;
  /** Ends the process at once. */
  exitNow(code: number): void;
}

/** End of a command after an uncaught error. */
export interface UncaughtEnd {
  readonly exitCode: ExitCode;
  /** Text after the error. */
  readonly words: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Defaults for a terminal without width or height: those of the VT100. */
const USUAL_WIDTH = 80;
const USUAL_HEIGHT = 24;

/** Errors of a pipe without a reader (`| head`), and of a closed terminal. */
const READER_GONE: readonly (string | undefined)[] = ['EPIPE', 'EIO'];

/** Creates a sink of an output. It never throws: after a failed write, all text is dropped. */
export function createSink(output: Output, env: Environment): TextSink {
  const colors = picocolors.createColors(hasColor(output, env));
  let open = true;
  let failure: Error | undefined;
  output.on('error', (error) => {
    open = false;
    if (!READER_GONE.includes(errnoOf(error))) failure ??= error;
  });
  return {
    write(text) {
      if (open) output.write(escapeControls(text, output.isTTY === true || colors.isColorSupported));
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
/** A control character, with the rest of the sequence if wf itself writes it: a colour, or a cursor move of the live picture. */
const STEERING = /(?![\n\t])(\p{Cc})(\[(?:[\d;]*[mAJK]|\?2026[hl]))?|\p{Bidi_Control}/gu;

/** Escapes control sequences that could steer a terminal, except wf's own on a terminal. Last safeguard for all output. */
function escapeControls(text: string, isTerminal: boolean): string {
  return text.replace(STEERING, (found, control?: string, rest?: string) => {
    const isOwn = control === '\r' || (control === ESCAPE && rest !== undefined);
    return isTerminal && isOwn ? found : `${byNumber(found)}${found.slice(1)}`;
  });
}

/** Returns whether to use colours: NO_COLOR overrides FORCE_COLOR, which overrides the kind of stream. */
function hasColor({ isTTY }: Output, env: Environment): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isTTY === true && env['TERM'] !== 'dumb';
}

/** Drops the progress of a command with `--quiet`. */
export const SILENT: TextSink = {
  write: () => {},
  failure: async () => undefined,
  get style() {
    return PLAIN_STYLE;
  },
  liveHeight: null,
};

/** Returns the terminal with another text style. */
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

/** Joins lines into a text, each with a newline. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Writes lines, each with a newline. */
export function writeLines(sink: TextSink, lines: readonly string[]): void {
  if (lines.length > 0) sink.write(linesText(lines));
}

/** Formats a JSON document. */
export function jsonText(document: unknown): string {
  return `${escapeTerminalControls(JSON.stringify(document, null, 2))}\n`;
}

/** Writes the one JSON document of a command with `--json`. */
export function writeJson(sink: TextSink, document: unknown): void {
  sink.write(jsonText(document));
}
