import { WfError } from '../../engine/model/errors.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import { momentText } from '../text/format/duration.ts';
import type { InputValue, RunQuery } from './list-runs.ts';
import { ageOption, momentOption } from './moment.ts';

/** Conditions on runs, as people type them. */
export interface TypedRunQuery {
  readonly workflow?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** An age, or a date and time. */
  readonly since?: string | undefined;
  /** An age. */
  readonly last?: string | undefined;
  readonly until?: string | undefined;
  /** Each in the form `name=value`. */
  readonly where: readonly string[];
  readonly text?: string | undefined;
  readonly limit: number;
}

/**
 * Returns the query without its position in the list.
 * @param named returns the name of a condition where it was typed, for errors: `--since`
 * @throws WfError E_USAGE with the name of the condition as `details.option`
 */
export function typedRunQuery(
  { since, last, until, where, ...given }: TypedRunQuery,
  now: number,
  named: (condition: string) => string,
): Omit<RunQuery, 'before' | 'after'> {
  if (since !== undefined && last !== undefined) {
    throw new WfError('E_USAGE', `${named('since')} and ${named('last')} exclude each other`, {
      hint: 'Specify one of the two.',
      details: { option: named('since') },
    });
  }
  const from =
    last === undefined ? since && momentOption(named('since'), since, now) : now - ageOption(named('last'), last);
  const to = until && momentOption(named('until'), until, now);
  if (typeof from === 'number' && typeof to === 'number' && from >= to) {
    throw new WfError('E_USAGE', `the time range ends (${momentText(to)}) before it begins (${momentText(from)})`, {
      hint: `Give ${named('since')} (or ${named('last')}) the earlier moment, and ${named('until')} the later one.`,
      details: { option: named('until') },
    });
  }
  return {
    limit: given.limit,
    ...(given.workflow === undefined ? {} : { workflow: given.workflow }),
    ...(given.status === undefined ? {} : { status: given.status }),
    ...(given.text === undefined ? {} : { text: given.text }),
    ...(typeof from === 'number' ? { since: from } : {}),
    ...(typeof to === 'number' ? { until: to } : {}),
    where: where.map((text) => inputValue(text, named('where'))),
  };
}

/** @throws WfError E_USAGE */
export function inputValue(text: string, name: string): InputValue {
  const at = text.indexOf('=');
  if (at > 0) return { name: text.slice(0, at), value: text.slice(at + 1) };
  throw new WfError('E_USAGE', `${name} ${text}: not of the form name=value`, {
    hint: `Give an input and its value, as in ${name} devNetwork=lab.`,
    details: { option: name },
  });
}
