import type { Drawing, ReportLanguage } from '../../engine/workflow/narrative.ts';
import { line, type Text } from '../../review/report/document.ts';
import { drawingInWords, pathRows } from '../../review/report/drawing/drawing-paths.ts';
import { drawingFile } from '../../review/report/drawing/drawing-svg.ts';
import { sanitizedDrawing } from '../../review/report/drawing/sanitize-drawing.ts';
import type { Explanations } from '../../review/report/explanations.ts';
import { type ReportWords, reportWords } from '../../review/report/words.ts';
import { RefusedRequest } from '../server/http-error.ts';

/** The observations of the steps of a run, as its workflow draws them. */
export interface TopologyView {
  readonly language: ReportLanguage;
  /** Why there is nothing to show; null if there is. */
  readonly missing: string | null;
  readonly drawings: readonly DrawingView[];
  readonly tables: readonly TableView[];
}

/** A drawing, without its picture. Code in texts is between backticks. */
export interface DrawingView {
  readonly title: string;
  readonly text: string;
  /** The stage that observed it; null for the whole run. */
  readonly stage: string | null;
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** The picture in words. */
  readonly alternative: string;
  /** The tested paths; null if there are none. */
  readonly paths: TableView | null;
}

export interface TableView {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Returns the drawings and tables of the explanations of a run. */
export function topologyView({ explanations, language }: Explanations): TopologyView {
  const words = reportWords(language);
  const narrative = explanations.type === 'available' ? explanations.narrative : null;
  return {
    language,
    missing: missing(explanations, words),
    drawings: (narrative?.drawings ?? []).map((drawing) => drawingView(sanitizedDrawing(drawing), words)),
    tables: (narrative?.tables ?? []).map(({ title, columns, rows }) => ({
      title: line(title),
      columns: columns.map(line),
      rows: rows.map((row) => row.map(line)),
    })),
  };
}

/** Returns the picture of a drawing, by its number from 1, as an SVG file. @throws RefusedRequest if there is none */
export function drawingSvgFile({ explanations, language, run }: Explanations, number: number): string {
  const narrative = explanations.type === 'available' ? explanations.narrative : null;
  const drawing = narrative?.drawings?.[number - 1];
  if (drawing !== undefined) return drawingFile(sanitizedDrawing(drawing), reportWords(language)).svg;
  throw new RefusedRequest(404, 'E_USAGE', `run ${run} has no drawing ${number}`, `Open the page of run ${run}.`);
}

function missing(explanations: Explanations['explanations'], words: ReportWords): string | null {
  switch (explanations.type) {
    case 'available':
      return null;
    case 'changed':
      return words.workflowChanged;
    case 'unavailable':
      return `${words.workflowUnavailable} ${line(explanations.reason)}`;
  }
}

function drawingView(drawing: Drawing, words: ReportWords): DrawingView {
  const { width, height } = drawingFile(drawing, words);
  const { caption, from, to, result, seen } = words.paths;
  const rows = pathRows(drawing, words).map((cells) => cells.map(textOf));
  return {
    title: drawing.title,
    text: drawing.text,
    stage: drawing.stage,
    width,
    height,
    alternative: drawingInWords(drawing, words),
    paths: rows.length === 0 ? null : { title: caption, columns: [from, to, result, seen], rows },
  };
}

function textOf(text: Text): string {
  return text.map((span) => span.text).join('');
}
