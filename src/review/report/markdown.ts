import type { Drawing } from '../../engine/workflow/narrative.ts';
import { type Block, plain, prose, type ReportDocument, type Section, type Span, type Text } from './document.ts';
import { layoutDrawing } from './drawing/drawing-layout.ts';
import { pathLabel, pathRows } from './drawing/drawing-paths.ts';
import { drawingLines } from './drawing/drawing-text.ts';
import { type ReportWords, reportWords } from './words.ts';

/** Returns a report in Markdown (CommonMark, with the tables of GitHub's dialect). */
export function markdownOf(document: ReportDocument): string {
  const words = reportWords(document.language);
  const parts = [
    `# ${inline(plain(document.title))}`,
    ...document.blocks.map((block) => blockText(block, words)),
    ...document.sections.flatMap((section) => sectionParts(section, 2, words)),
    '---',
    inline(document.footer),
  ];
  return `${parts.join('\n\n')}\n`;
}

function sectionParts(section: Section, level: number, words: ReportWords): readonly string[] {
  return [
    `${'#'.repeat(level)} ${inline(section.title)}`,
    ...section.blocks.map((block) => blockText(block, words)),
    ...section.sections.flatMap((inner) => sectionParts(inner, level + 1, words)),
  ];
}

function blockText(block: Block, words: ReportWords): string {
  switch (block.type) {
    case 'paragraph':
      return inline(block.text);
    case 'list':
      return [`**${inline(plain(block.title))}**`, '', ...block.items.map((item) => `- ${inline(item)}`)].join('\n');
    case 'alert': {
      const paragraphs = [`**${inline(plain(block.title))}**`, ...block.lines.map(inline)];
      return paragraphs.map((text) => `> ${text}`).join('\n>\n');
    }
    case 'table':
      return tableText(block.caption, block.columns, block.rows);
    case 'command':
      return `${fenced(`$ ${block.command}${block.output === '' ? '' : `\n${block.output}`}`, 'console')}\n\n${inline(plain(block.ending))}`;
    case 'drawing':
      return drawingText(block.drawing, words);
  }
}

function tableText(caption: string, columns: readonly string[], rows: readonly (readonly Text[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(withoutBorders).join(' | ')} |`;
  return [
    `**${inline(plain(caption))}**`,
    '',
    line(columns.map((column) => escaped(column))),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map((_, index) => inline(row[index] ?? [])))),
  ].join('\n');
}

/** Escapes pipes: one ends the cell, also in code, unless an odd number of backslashes precedes it. */
function withoutBorders(cell: string): string {
  return cell.replace(/(\\*)\|/g, (_all, slashes: string) => `${slashes}${slashes.length % 2 === 0 ? '\\' : '\\\\'}|`);
}

function drawingText(drawing: Drawing, words: ReportWords): string {
  const layout = layoutDrawing(drawing, (path) => pathLabel(path, words));
  const { caption, from, to, result, seen } = words.paths;
  const rows = pathRows(drawing, words);
  return [
    inline(prose(drawing.text)),
    fenced(drawingLines(layout).join('\n'), 'text'),
    ...(rows.length === 0 ? [] : [tableText(caption, [from, to, result, seen], rows)]),
  ].join('\n\n');
}

/** Encloses a text in a fence that is longer than each run of backticks in it, so that the text cannot end it. */
function fenced(text: string, language: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

function inline(text: Text): string {
  return text.map(spanText).join('');
}

function spanText({ style, text }: Span): string {
  switch (style) {
    case 'plain':
      return escaped(text);
    case 'strong':
      return `**${escaped(text)}**`;
    case 'code':
      return codeSpan(text);
  }
}

function codeSpan(text: string): string {
  if (text.trim() === '') return '';
  const ticks = '`'.repeat(longestRun(text) + 1);
  const pad = /^[` ]|[` ]$/.test(text) ? ' ' : '';
  return `${ticks}${pad}${text}${pad}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

/** Escapes markup, except pipes: those matter only in tables, even in code. */
function escaped(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>~&$]/g, '\\$&')
    .replace(/(?<=:)\/\/|(?<=www)\./gi, (found) => `\\${found}`)
    .replace(/^(\s*)([#+=-])(?!$)/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2');
}
