import type { ComponentChildren } from 'preact';
import type { OnlyOne, Outcome, RunComparison } from '../../../review/compare/run-comparison.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import type { PageFrame } from '../page-model.ts';
import { Status } from '../parts/status.tsx';
import { Differences, type NamedDifference } from './differences.tsx';
import { TimingTable } from './timing-table.tsx';

interface ComparisonPageProps {
  readonly frame: PageFrame;
  readonly view: RunComparison;
}

/** How two runs of a workflow differ. */
export function ComparisonPage({ frame: { basePath }, view }: ComparisonPageProps) {
  const { workflow, first, second, definition, inputs, path, steps, outcomes, outputs, timings } = view;
  const ids = [first.id, second.id] as const;
  const named = outputs.map((one): NamedDifference & Pick<typeof one, 'says'> => ({
    ...one,
    name: [one.step ?? 'the run', one.member].filter((part) => part !== '').join('.'),
  }));
  const telling = named.filter(({ says }) => says === 'telling');
  const others = named.filter(({ says }) => says !== 'telling');
  return (
    <>
      <h1>Two runs of {workflow}</h1>
      <ul class="compared">
        {[first, second].map(({ id, status, durationMs }) => (
          <li key={id}>
            <a href={`${basePath}/runs/${id}`}>{id}</a> <Status status={status} />{' '}
            <span class="quiet">{durationText(durationMs)}</span>
          </li>
        ))}
      </ul>
      <Section title="Definition" isSame={definition.equal}>
        {definition.differences.length === 0 ? (
          <p>The definitions differ.</p>
        ) : (
          <ul>
            {definition.differences.map((difference) => (
              <li key={difference}>{difference}</li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Inputs" isSame={inputs.length === 0}>
        <Differences title="Input" ids={ids} differences={inputs.map((one) => ({ ...one, name: one.member }))} />
      </Section>
      <Section title="Path" isSame={isNone(path)}>
        <Only ids={ids} items={path} />
      </Section>
      <Section title="Steps" isSame={isNone(steps)}>
        <Only ids={ids} items={steps} />
      </Section>
      <Section title="Outcomes" isSame={outcomes.length === 0}>
        <table>
          <caption class="unseen">Outcomes that differ</caption>
          <thead>
            <tr>
              <th scope="col">Of</th>
              {ids.map((id) => (
                <th key={id} scope="col">
                  {id}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {outcomes.map(({ step, ...sides }) => (
              <tr key={step}>
                <th scope="row">{step ?? 'the run'}</th>
                <OutcomeCell outcome={sides.first} />
                <OutcomeCell outcome={sides.second} />
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <Section title="Results" isSame={outputs.length === 0}>
        {telling.length === 0 ? (
          <p>The same, but for what differs in any two runs.</p>
        ) : (
          <Differences title="Result" ids={ids} differences={telling} />
        )}
        {others.length > 0 && (
          <details>
            <summary>{others.length} more that follow from others, or differ in any two runs</summary>
            <Differences title="Result" ids={ids} differences={others} />
          </details>
        )}
      </Section>
      <h2>Durations</h2>
      <TimingTable ids={ids} timings={timings} />
    </>
  );
}

interface SectionProps {
  readonly title: string;
  readonly isSame: boolean;
  /** Shown if the two differ. */
  readonly children: ComponentChildren;
}

function Section({ title, isSame, children }: SectionProps) {
  return (
    <>
      <h2>{title}</h2>
      {isSame ? <p class="quiet">the same</p> : children}
    </>
  );
}

function isNone({ onlyFirst, onlySecond }: OnlyOne): boolean {
  return onlyFirst.length === 0 && onlySecond.length === 0;
}

/** What only one of two runs has. */
function Only({ ids: [first, second], items }: { readonly ids: readonly [string, string]; readonly items: OnlyOne }) {
  return (
    <dl class="facts">
      {[
        { id: first, only: items.onlyFirst },
        { id: second, only: items.onlySecond },
      ]
        .filter(({ only }) => only.length > 0)
        .map(({ id, only }) => (
          <div key={id}>
            <dt>only {id}</dt>
            <dd>{only.join(', ')}</dd>
          </div>
        ))}
    </dl>
  );
}

function OutcomeCell({ outcome: { status, attempts, error } }: { readonly outcome: Outcome }) {
  return (
    <td>
      <Status status={status} />
      {attempts !== null && attempts > 1 && <> after {attempts} attempts</>}
      {error !== null && (
        <p>
          <code>{error.code}</code>: {error.message}
        </p>
      )}
    </td>
  );
}
