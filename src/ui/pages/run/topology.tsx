import { useState } from 'preact/hooks';
import type { ReportLanguage } from '../../../engine/workflow/narrative.ts';
import type { RunView } from '../../views/runs/run-view.ts';
import type { DrawingView, TopologyView } from '../../views/topology-view.ts';
import { useRead } from '../live/use-read.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Picture } from '../parts/picture.tsx';
import { Prose } from '../parts/prose.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';

interface TopologyProps {
  readonly view: RunView;
  /** The content that the server has rendered; null if it was not known then. */
  readonly first: TopologyView | null;
  /** Address of the run in the API. */
  readonly address: string;
}

/** The network as the steps observed it, before and after. */
export function Topology({ view, first, address }: TopologyProps) {
  const [language, setLanguage] = useState<ReportLanguage>('en');
  // The observations of a stage are complete when it ends.
  const ended = view.stages.map(({ status }) => status).join(' ');
  const version = `${ended} ${view.run.status}`;
  const { content, problem } = useRead(`${address}/topology?lang=${language}`, version, first);
  return (
    <section aria-labelledby="topology">
      <h2 id="topology">Topology</h2>
      {problem === null ? null : <p role="alert">{problem}</p>}
      {content === null ? (
        <p class="drawings quiet">Reading the drawings of the workflow.</p>
      ) : content.missing !== null ? (
        <p>{content.missing}</p>
      ) : content.drawings.length === 0 && content.tables.length === 0 ? (
        <p class="quiet">The workflow draws nothing, or its steps have observed nothing to draw yet.</p>
      ) : (
        <>
          <Languages language={language} setLanguage={setLanguage} />
          <Observed
            observed={content}
            pictureOf={(drawing) =>
              `${address}/drawings/${drawing}.svg?lang=${content.language}&seq=${encodeURIComponent(version)}`
            }
          />
        </>
      )}
    </section>
  );
}

interface LanguagesProps {
  readonly language: ReportLanguage;
  setLanguage(language: ReportLanguage): void;
}

const LANGUAGES: readonly (readonly [ReportLanguage, string])[] = [
  ['en', 'English'],
  ['fr', 'Français'],
];

function Languages({ language, setLanguage }: LanguagesProps) {
  return (
    <fieldset class="languages">
      <legend>Language of the drawings</legend>
      {LANGUAGES.map(([code, name]) => (
        <button key={code} type="button" lang={code} aria-pressed={code === language} onClick={() => setLanguage(code)}>
          {name}
        </button>
      ))}
    </fieldset>
  );
}

interface ObservedProps {
  readonly observed: TopologyView;
  /** Returns the address of the picture of a drawing, by its number from 1. */
  pictureOf(drawing: number): string;
}

function Observed({ observed: { language, drawings, tables }, pictureOf }: ObservedProps) {
  return (
    <div lang={language}>
      <div class="drawings">
        {drawings.map((drawing, index) => (
          <Figure key={index} drawing={drawing} picture={pictureOf(index + 1)} />
        ))}
      </div>
      {tables.map((table, index) => (
        <DataTable
          key={index}
          caption={table.title}
          columns={table.columns}
          rows={table.rows.map((cells) => cells.map((cell) => <Prose text={cell} />))}
        />
      ))}
    </div>
  );
}

function Figure({ drawing, picture }: { readonly drawing: DrawingView; readonly picture: string }) {
  const { title, text, alternative, width, height, paths } = drawing;
  return (
    <figure>
      <h3>
        <Prose text={title} />
      </h3>
      <ScrollBox label={title}>
        <Picture address={picture} alternative={alternative} width={width} height={height} />
      </ScrollBox>
      <figcaption>
        <Prose text={text} />
      </figcaption>
      {paths === null ? null : <DataTable caption={paths.title} columns={paths.columns} rows={paths.rows} />}
    </figure>
  );
}
