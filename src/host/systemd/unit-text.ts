import { WfError } from '../../engine/model/errors.ts';

/** A setting of a unit. Values are written unchanged: see {@link commandWord}, {@link pathValue} and {@link plainValue}. */
export type Setting = readonly [name: string, value: string];

export interface Section {
  readonly name: 'Unit' | 'Service' | 'Timer' | 'Install';
  readonly settings: readonly Setting[];
}

/** Returns the text of a unit file, with a comment at its beginning. */
export function unitText(comment: string, sections: readonly Section[]): string {
  const texts = sections.map(({ name, settings }) =>
    [`[${name}]`, ...settings.map(([setting, value]) => `${setting}=${value}`)].join('\n'),
  );
  return `${[`# ${comment}`, ...texts].join('\n\n')}\n`;
}

/** Returns a word of a command line: quoted, so that systemd expands neither specifiers nor variables in it. */
export function commandWord(word: string): string {
  const escaped = oneLine(word).replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@./:=+,%-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** Returns the value of a setting that takes one path. */
export function pathValue(path: string): string {
  return oneLine(path).replaceAll('%', '%%');
}

/** Returns the value of a setting that takes text, such as a description. */
export function plainValue(text: string): string {
  return oneLine(text).replaceAll('%', '%%');
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: unit files have one setting a line
  if (!/[\u0000-\u001F\u007F]/.test(text) && text.trim() === text) return text;
  throw new WfError('E_USAGE', `${JSON.stringify(text)} cannot be written into a unit file`, {
    hint: 'Use a name without control characters, and without spaces at its ends.',
  });
}
