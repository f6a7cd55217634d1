import type { OnlyOne, Outcome, RunComparison } from '../../../review/compare/run-comparison.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import { displayedText } from '../../views/displayed.ts';
import type { PageFrame } from '../page-model.ts';
import { Status } from '../parts/status.tsx';
import { Differences } from './differences.tsx';
import { SidesTable } from './sides-table.tsx';
import { TimingTable } from './timing-table.tsx';

interface ComparisonPageProps {
  readonly frame: PageFrame;
  readonly view: RunComparison;
}

type Ids = readonly [first: string, second: string];

/** How two runs of a workflow differ. */
export function ComparisonPage({ frame: { basePath }, view }: ComparisonPageProps) {
  const { workflow, first, second, definition, inputs, path, steps, outcomes, outputs, timings } = view;
  const ids: Ids = [first.id, second.id];
  const sections = [
    {
      title: 'Definition',
      isSame: definition.equal,
      content: <DefinitionDifferences differences={definition.differences} />,
    },
    {
      title: 'Inputs',
      isSame: inputs.length === 0,
      content: (
        <Differences title="Input" ids={ids} differences={inputs.map((one) => ({ ...one, name: one.member }))} />
      ),
    },
    { title: 'Path', isSame: isNone(path), content: <Only ids={ids} items={path} /> },
    { title: 'Steps', isSame: isNone(steps), content: <Only ids={ids} items={steps} /> },
    { title: 'Outcomes', isSame: outcomes.length === 0, content: <OutcomeTable ids={ids} outcomes={outcomes} /> },
    { title: 'Results', isSame: outputs.length === 0, content: <Results ids={ids} outputs={outputs} /> },
  ];
  const same = sections.filter(({ isSame }) => isSame);
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
      {same.length > 0 && <p class="quiet">The same: {same.map(({ title }) => title.toLowerCase()).join(', ')}.</p>}
      {sections
        .filter(({ isSame }) => !isSame)
        .map(({ title, content }) => (
          <section key={title} aria-labelledby={title}>
            <h2 id={title}>{title}</h2>
            {content}
          </section>
        ))}
      <h2>Durations</h2>
      <TimingTable ids={ids} timings={timings} />
    </>
  );
}

function isNone({ onlyFirst, onlySecond }: OnlyOne): boolean {
  return onlyFirst.length === 0 && onlySecond.length === 0;
}

/** The things that only one of two runs has. */
function Only({ ids: [first, second], items }: { readonly ids: Ids; readonly items: OnlyOne }) {
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

interface OutcomeTableProps {
  readonly ids: Ids;
  readonly outcomes: RunComparison['outcomes'];
}

function OutcomeTable({ ids, outcomes }: OutcomeTableProps) {
  return (
    <SidesTable caption="Outcomes that differ" subject="Step" ids={ids}>
      {outcomes.map(({ step, ...sides }) => (
        <tr key={step}>
          <th scope="row">{step === null ? 'the run' : displayedText(step)}</th>
          <OutcomeCell outcome={sides.first} />
          <OutcomeCell outcome={sides.second} />
        </tr>
      ))}
    </SidesTable>
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

interface ResultsProps {
  readonly ids: Ids;
  readonly outputs: RunComparison['outputs'];
}

/** Results that differ. Those that follow from others, or differ between any two runs, are folded. */
function Results({ ids, outputs }: ResultsProps) {
  const named = outputs.map((one) => ({
    ...one,
    name: displayedText([one.step ?? 'the run', one.member].filter((part) => part !== '').join('.')),
  }));
  const significant = named.filter(({ relevance }) => relevance === 'significant');
  const others = named.filter(({ relevance }) => relevance !== 'significant');
  return (
    <>
      {significant.length === 0 ? (
        <p>The same, except for values that differ between any two runs.</p>
      ) : (
        <Differences title="Result" ids={ids} differences={significant} />
      )}
      {others.length > 0 && (
        <details>
          <summary>{others.length} more that follow from others, or differ between any two runs</summary>
          <Differences title="Result" ids={ids} differences={others} />
        </details>
      )}
    </>
  );
}

function DefinitionDifferences({ differences }: { readonly differences: readonly string[] }) {
  if (differences.length === 0) return <p>The definitions differ.</p>;
  return (
    <ul>
      {differences.map((difference) => (
        <li key={difference}>{difference}</li>
      ))}
    </ul>
  );
}
