import type { ComponentChildren } from 'preact';
import { RUN_STATUSES } from '../../../engine/ports/history.ts';
import { displayedText } from '../../views/displayed.ts';
import { RUNS_PER_PAGE } from '../../views/list-limits.ts';
import type { FilterProblem, RunsQuery } from '../../views/runs/runs-query.ts';
import type { PageFrame } from '../page-model.ts';
import { hasFilters, NO_FILTERS, runsAddress } from './runs-address.ts';

interface FiltersProps {
  readonly frame: PageFrame;
  readonly query: RunsQuery;
  /** Null if the filters are valid. */
  readonly problem: FilterProblem | null;
  /** Workflows that have runs. */
  readonly workflows: readonly string[];
}

const TIMES: readonly Option[] = [
  { value: '1h', text: 'last hour' },
  { value: '1d', text: 'last day' },
  { value: '7d', text: 'last week' },
  { value: '30d', text: 'last month' },
];

interface Option {
  readonly value: string;
  readonly text: string;
}

/** The filters of the list: a form that works without a script. The browser owns its fields: updates leave them alone. */
export function Filters({ frame: { basePath }, query, problem, workflows }: FiltersProps) {
  const { workflow = '', status = '', last = '', since = '', until = '', where, text = '', limit } = query;
  const inputs = where.length === 0 ? [''] : where;
  const problemOf = (filter: FilterProblem['filter']) => (problem?.filter === filter ? problem.message : null);
  return (
    <search>
      <form class="filters" aria-label="Filters of the list" action={`${basePath}/`} method="get">
        <Choice label="Workflow" name="workflow" chosen={workflow} options={workflows.map(asOption)} />
        <Choice label="Status" name="status" chosen={status} options={RUN_STATUSES.map(asOption)} />
        <Choice label="Created" name="last" chosen={last} options={TIMES} problem={problemOf('last')} />
        <Field label="Text" id="text">
          <input
            id="text"
            name="text"
            type="search"
            maxLength={LONGEST}
            defaultValue={text}
            placeholder="in id, input or error"
          />
        </Field>
        <details open={since !== '' || until !== '' || where.length > 0}>
          <summary>More</summary>
          <div class="more">
            <MomentField label="From (UTC)" name="since" given={since} problem={problemOf('since')} />
            <MomentField label="Until (UTC)" name="until" given={until} problem={problemOf('until')} />
            {inputs.map((each, index) => (
              <InputField
                key={index}
                id={`where-${index}`}
                given={each}
                problem={each.indexOf('=') > 0 ? null : problemOf('where')}
              />
            ))}
          </div>
        </details>
        {limit !== RUNS_PER_PAGE && <input type="hidden" name="limit" value={limit} />}
        <span class="buttons">
          <button type="submit">Filter</button>
          {hasFilters(query) && <a href={runsAddress(basePath, { ...NO_FILTERS, limit })}>Show all</a>}
        </span>
      </form>
    </search>
  );
}

/** Number of characters that the server accepts. */
const LONGEST = 200;

const asOption = (value: string): Option => ({ value, text: value });

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly chosen: string;
  readonly options: readonly Option[];
  readonly problem?: string | null;
}

/** A choice of one value or of any. The value of the address is among them. */
function Choice({ label, name, chosen, options, problem = null }: ChoiceProps) {
  const isListed = chosen === '' || options.some(({ value }) => value === chosen);
  const all = isListed ? options : [...options, asOption(chosen)];
  return (
    <Field label={label} id={name} problem={problem}>
      <select id={name} name={name} {...invalid(name, problem)}>
        <option value="">any</option>
        {all.map(({ value, text }) => (
          <option key={value} value={value} selected={value === chosen}>
            {displayedText(text)}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** A date and time, in the browser's own field; an age, or a moment with a zone, stays text. */
function MomentField({
  label,
  name,
  given,
  problem,
}: {
  readonly label: string;
  readonly name: string;
  readonly given: string;
  readonly problem: string | null;
}) {
  const isPlain = given === '' || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?$/.test(given);
  return (
    <Field label={label} id={name} problem={problem}>
      {isPlain ? (
        <input id={name} name={name} type="datetime-local" defaultValue={given} {...invalid(name, problem)} />
      ) : (
        <input id={name} name={name} maxLength={LONGEST} defaultValue={given} {...invalid(name, problem)} />
      )}
    </Field>
  );
}

interface InputFieldProps {
  readonly id: string;
  readonly given: string;
  readonly problem: string | null;
}

function InputField({ id, given, problem }: InputFieldProps) {
  return (
    <Field label="Input" id={id} problem={problem}>
      <input
        id={id}
        name="where"
        maxLength={LONGEST}
        defaultValue={given}
        placeholder="name=value"
        {...invalid(id, problem)}
      />
    </Field>
  );
}

interface FieldProps {
  readonly label: string;
  /** The id of the field, which is its child. */
  readonly id: string;
  readonly problem?: string | null;
  readonly children: ComponentChildren;
}

function Field({ label, id, problem = null, children }: FieldProps) {
  return (
    <span class="field">
      <label for={id}>{label}</label>
      {children}
      {problem !== null && (
        <span class="problem" id={`${id}-problem`} role="alert">
          {displayedText(problem)}
        </span>
      )}
    </span>
  );
}

/** Returns the attributes of a field that connect it with its problem. */
function invalid(id: string, problem: string | null) {
  return problem === null ? {} : ({ 'aria-invalid': true, 'aria-describedby': `${id}-problem` } as const);
}
