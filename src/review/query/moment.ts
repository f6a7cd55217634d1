import { WfError } from '../../engine/model/errors.ts';

const SECOND = 1_000;
const UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 3_600 * SECOND,
  d: 86_400 * SECOND,
  w: 7 * 86_400 * SECOND,
};

/** A thousand years: earlier dates are not printable everywhere. */
const LONGEST = 1_000 * 365 * 86_400 * SECOND;

/** Formats of a duration, for help and hints. */
const AGE = '90s, 15m, 2h, 7d, 4w or 1d12h (m is minutes)';

/** Formats of a point in time, for help and hints. */
const MOMENT = `an age (${AGE}), or a date and time in UTC (2026-11-01, 2026-11-01T18:30; another zone with +01:00)`;

/** Parses a typed duration into milliseconds. @throws WfError E_USAGE naming the option */
export function ageOption(option: string, text: string): number {
  const ms = ageIn(text);
  if (ms !== undefined) return ms;
  throw new WfError('E_USAGE', `${option} ${text}: not a duration`, {
    hint: `Write it as ${AGE}.`,
    details: { option },
  });
}

/**
 * Parses a typed point in time, an age or a date, into milliseconds since the epoch.
 * @throws WfError E_USAGE naming the option
 */
export function momentOption(option: string, text: string, now: number): number {
  const age = ageIn(text);
  const at = age === undefined ? dateIn(text) : now - age;
  if (at !== undefined) return at;
  throw new WfError('E_USAGE', `${option} ${text}: not a point in time`, {
    hint: `Write ${MOMENT}.`,
    details: { option },
  });
}

function ageIn(text: string): number | undefined {
  if (!/^(?:\d{1,7}[smhdw])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhdw])/g)];
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? Number.NaN), 0);
  return ms > LONGEST ? undefined : ms;
}

const DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

function dateIn(text: string): number | undefined {
  const [, date, time = '00:00', zone = 'Z'] = DATE.exec(text) ?? [];
  if (date === undefined) return undefined;
  const at = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(at)) return undefined;
  // Date.parse reads February 30 as March 2.
  return new Date(`${date}T00:00Z`).toISOString().startsWith(date) ? at : undefined;
}
