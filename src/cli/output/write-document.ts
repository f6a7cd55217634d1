import path from 'node:path';
import * as z from 'zod/mini';
import { WfError } from '../../engine/model/errors.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import { PLAIN_STYLE, type TextStyle } from '../../review/text/format/text-style.ts';
import { type Terminal, type TextSink, writeJson, writeLines } from './terminal.ts';
import { writeNewFile } from './write-new-file.ts';

/** Options of every command that writes a document, besides its formats. */
export const documentOptions = {
  json: z._default(z.boolean(), false),
  output: z.optional(z.string()),
  force: z._default(z.boolean(), false),
};

interface DocumentOptions {
  readonly json: boolean;
  readonly output?: string | undefined;
  readonly force: boolean;
}

/** Endings of file names by format. */
export type FormatEndings<Format extends string> = Readonly<Record<Format, readonly string[]>>;

/** A text that a command writes to standard output or to a file. */
export interface Document {
  /** Title in messages, such as `the report on run 7kq`. */
  readonly title: string;
  readonly format: string;
  readonly text: string;
  /** Fields of the `--json` record that describes a document in another format, or in a file. */
  readonly about: JsonObject;
  /** Returns a sentence on what to do with the file. */
  readonly next?: (file: string) => string;
}

/** Returns the file of `-o`; undefined for standard output, which is `-` or no `-o` at all. */
function fileOf({ output }: Pick<DocumentOptions, 'output'>): string | undefined {
  return output === '-' ? undefined : output;
}

/**
 * Returns the format of `--format`, otherwise that of the file name's ending, otherwise the default.
 * @throws WfError E_USAGE if the ending of the file name is unknown
 */
export function formatOf<Format extends string>(
  options: Pick<DocumentOptions, 'output'> & { readonly format?: Format | undefined },
  endings: FormatEndings<Format>,
  usual: NoInfer<Format>,
): Format {
  if (options.format !== undefined) return options.format;
  const file = fileOf(options);
  if (file === undefined) return usual;
  const ending = path.extname(file).toLowerCase();
  const formats = Object.keys(endings).filter((name): name is Format => name in endings);
  const found = formats.find((format) => endings[format].includes(ending));
  if (found !== undefined) return found;
  const known = formats.flatMap((format) => endings[format].slice(0, 1));
  throw new WfError('E_USAGE', `-o ${file}: unknown file name ending`, {
    hint: `End the name with ${known.join(' or ')}, or specify --format ${formats.join('|')}.`,
  });
}

/** Returns the style of a text for its destination: a file has no width and no colours. */
export function documentStyle(options: Pick<DocumentOptions, 'output'>, out: TextSink): TextStyle {
  return fileOf(options) === undefined ? out.style : PLAIN_STYLE;
}

/**
 * Writes a document to standard output or to the file of `-o`.
 * @throws WfError E_USAGE if the file exists and `--force` was not given, or cannot be written; E_DISK_FULL
 */
export function writeDocument(document: Document, options: DocumentOptions, { out, progress }: Terminal): void {
  const { title, format, text, about, next } = document;
  const file = fileOf(options);
  if (file === undefined) {
    if (options.json && format !== 'json') writeJson(out, { ...about, format, file: null, text });
    else if (text !== '') out.write(text);
    return;
  }
  writeNewFile(file, text, options.force);
  const bytes = Buffer.byteLength(text);
  if (options.json) writeJson(out, { ...about, format, file: path.resolve(file), bytes });
  else writeLines(progress, [[`Wrote ${title} to ${file}.`, ...(next === undefined ? [] : [next(file)])].join(' ')]);
}
