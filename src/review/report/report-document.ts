import type { Json } from '../../engine/model/json.ts';
import { isEnd } from '../../engine/ports/history.ts';
import { nextActions } from '../actions/allowed-actions.ts';
import { momentText } from '../text/format/duration.ts';
import {
  type Block,
  code,
  journaled,
  line,
  plain,
  prose,
  type ReportDocument,
  type Section,
  strong,
  type Text,
} from './document.ts';
import { errorTexts } from './error-texts.ts';
import { ledgerSection, lifecycleSection, resultsSection, verificationSection } from './record-sections.ts';
import { narrativeOf, type ReportSource } from './report-source.ts';
import { drawingSection, rollbackSection, stageSections } from './stage-sections.ts';
import type { ReportWords } from './words.ts';

/** Returns the report of a run, in the language of the words. */
export function reportDocument(source: ReportSource, words: ReportWords): ReportDocument {
  const { record } = source;
  const narrative = narrativeOf(source);
  return {
    language: words.language,
    title: line(narrative?.title ?? record.workflow),
    blocks: [...runBlocks(source, words), ...outcomeBlocks(source, words), ...noNarrativeBlocks(source, words)],
    sections: [
      ...introduction(source, words),
      ...stageSections(source, words),
      ...rollbackSection(source, words),
      ...exhibits(source, words),
      ...lifecycleSection(source, words),
      resultsSection(source, words),
      verificationSection(source, words),
      ledgerSection(source, words),
    ],
    footer: plain(words.footer(record.id)),
  };
}

function runBlocks({ record, material: { run } }: ReportSource, words: ReportWords): readonly Block[] {
  const { facts } = words;
  const inputs = Object.entries(record.input);
  const table = (caption: string, rows: readonly (readonly [Text, Text])[]): Block => ({
    type: 'table',
    caption,
    columns: [facts.fact, facts.value],
    rows,
  });
  const started = run.startedAt === null ? words.notYet : momentText(run.startedAt);
  const took = record.durationMs === null ? words.notYet : words.duration(record.durationMs);
  return [
    table(`${words.run} ${record.id}`, [
      [plain(facts.workflow), code(record.workflow)],
      [plain(facts.status), strong(words.runStatus[record.status])],
      ...link(facts.retryOf, run.options.retryOf),
      ...link(facts.retriedAs, run.retriedAs),
      ...link(facts.plan, run.options.plan),
      ...(run.importedFrom === null ? [] : [[plain(facts.imported), journaled(run.importedFrom)] as const]),
      [plain(facts.started), plain(started)],
      [plain(facts.took), plain(took)],
      [plain(facts.runtime), code(record.runtime)],
      [plain(facts.definition), code(record.definitionHash.slice(0, 12))],
    ]),
    ...(inputs.length === 0
      ? []
      : [
          table(
            words.inputs,
            inputs.map(([name, value]) => [code(name), inputText(value)]),
          ),
        ]),
  ];
}

function inputText(value: Json): Text {
  if (value === null) return plain('-');
  return code(typeof value === 'string' && value !== '' ? value : JSON.stringify(value));
}

/** Returns the error of the run, or that it has not ended. */
function outcomeBlocks({ record, material }: ReportSource, words: ReportWords): readonly Block[] {
  const actions = nextActions(material, record.status).map((command) => code(command));
  const next = actions.length === 0 ? [] : [plain(words.next), ...actions];
  if (record.error !== null) {
    const lines = [...errorTexts(record.error, words), ...next];
    return [{ type: 'alert', title: words.statusIs(record.status), lines }];
  }
  return isEnd(record.status)
    ? []
    : [{ type: 'alert', title: words.statusIs(record.status), lines: [plain(words.notEnded), ...next] }];
}

function noNarrativeBlocks({ workflowNarrative }: ReportSource, words: ReportWords): readonly Block[] {
  switch (workflowNarrative.type) {
    case 'available':
      return [];
    case 'changed':
      return [{ type: 'alert', title: words.noNarrative, lines: [plain(words.workflowChanged)] }];
    case 'unavailable':
      return [
        {
          type: 'alert',
          title: words.noNarrative,
          lines: [plain(words.workflowUnavailable), journaled(workflowNarrative.reason)],
        },
      ];
  }
}

function introduction(source: ReportSource, words: ReportWords): readonly Section[] {
  const paragraphs = narrativeOf(source)?.introduction ?? [];
  if (paragraphs.length === 0) return [];
  const blocks = paragraphs.map((text): Block => ({ type: 'paragraph', text: prose(text) }));
  return [{ title: plain(words.introduction), blocks, sections: [] }];
}

/** Returns the tables, and the drawings of no stage or of a stage that the run does not have. */
function exhibits(source: ReportSource, words: ReportWords): readonly Section[] {
  const narrative = narrativeOf(source);
  const stages = source.record.stages.map(({ name }) => name);
  const drawings = (narrative?.drawings ?? []).filter(({ stage }) => stage === null || !stages.includes(stage));
  const tables = narrative?.tables ?? [];
  const blocks = tables.map(
    ({ title, columns, rows }): Block => ({
      type: 'table',
      caption: line(title),
      columns: columns.map(line),
      rows: rows.map((row) => row.map(prose)),
    }),
  );
  const sections = drawings.map(drawingSection);
  return blocks.length + sections.length === 0 ? [] : [{ title: plain(words.exhibits), blocks, sections }];
}

/** Returns a fact that names another run, or a plan; none if there is none. */
function link(fact: string, id: string | null | undefined): readonly (readonly [Text, Text])[] {
  return id === null || id === undefined ? [] : [[plain(fact), code(id)]];
}
