import type { Drawing } from '../../engine/workflow/narrative.ts';
import { type Block, plain, prose, type ReportDocument, type Section, type Span, type Text } from './document.ts';
import { pathRows } from './drawing/drawing-paths.ts';
import { drawingSvg } from './drawing/drawing-svg.ts';
import { html, lines, type Markup, trusted } from './markup.ts';
import { styleSheet } from './style-sheet.ts';
import { type ReportWords, reportWords } from './words.ts';

/** Forbids loading and running anything, whatever the report contains. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** Returns a report as one self-contained HTML file without scripts. */
export function htmlOf(document: ReportDocument): string {
  const words = reportWords(document.language);
  const write = createWriter(words);
  const { language, title, blocks, sections, footer } = document;
  const page = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>
${trusted(styleSheet())}
</style>
</head>
<body>
<a class="skip" href="#report">${words.skipToContent}</a>
<header>
<h1>${write.text(plain(title))}</h1>
</header>
<nav aria-labelledby="contents">
<p class="heading" id="contents">${words.contents}</p>
<ol>
${lines(sections.map((section, index) => html`<li><a href="#${sectionId(index)}">${write.text(section.title)}</a></li>`))}
</ol>
</nav>
<main id="report">
${lines(blocks.map(write.block))}
${lines(sections.map(write.section))}
</main>
<footer>
<p>${write.text(footer)}</p>
</footer>
</body>
</html>
`;
  return page.markup;
}

/** Class of a section that begins on a new page when printed. */
const CHAPTER = html` class="chapter"`;

interface Writer {
  text(text: Text): Markup;
  block(block: Block): Markup;
  section(section: Section, index: number): Markup;
}

function createWriter(words: ReportWords): Writer {
  let drawings = 0;

  const text = (spans: Text): Markup => html`${spans.map(span)}`;

  /** Returns one span; text that wf recorded is marked as English. */
  function span({ style, text: content, source }: Span): Markup {
    const shown =
      source === 'journal' && words.language !== 'en' ? html`<span lang="en">${content}</span>` : html`${content}`;
    switch (style) {
      case 'plain':
        return shown;
      case 'strong':
        return html`<strong>${shown}</strong>`;
      case 'code':
        return html`<code translate="no">${shown}</code>`;
    }
  }

  function block(one: Block): Markup {
    switch (one.type) {
      case 'paragraph':
        return html`<p>${text(one.text)}</p>`;
      case 'list':
        return html`<div class="notice">
<p class="heading">${one.title}</p>
<ul>
${lines(one.items.map((item) => html`<li>${text(item)}</li>`))}
</ul>
</div>`;
      case 'alert':
        return html`<div class="alert">
<p class="heading">${one.title}</p>
${lines(one.lines.map((line) => html`<p>${text(line)}</p>`))}
</div>`;
      case 'table':
        return table(one.caption, one.columns, one.rows);
      case 'command':
        return html`<div class="command">
<pre lang="en" translate="no"><code class="typed"><span class="prompt" aria-hidden="true">$ </span>${one.command}</code>${
          one.output === ''
            ? ''
            : html`
<samp>${one.output}</samp>`
        }</pre>
<p class="ending">${one.ending}</p>
</div>`;
      case 'drawing':
        return drawing(one.drawing);
    }
  }

  function table(caption: string, columns: readonly string[], rows: readonly (readonly Text[])[]): Markup {
    const row = (cells: readonly Text[]) =>
      html`<tr>${columns.map((_, index) => {
        const content = text(cells[index] ?? []);
        return index === 0 ? html`<th scope="row">${content}</th>` : html`<td>${content}</td>`;
      })}</tr>`;
    return html`<table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>
${lines(rows.map(row))}
</tbody>
</table>`;
  }

  function drawing(one: Drawing): Markup {
    drawings += 1;
    const { caption, from, to, result, seen } = words.paths;
    const rows = pathRows(one, words);
    return html`<figure>
${drawingSvg(one, `drawing-${drawings}`, words)}
<figcaption>${text(prose(one.text))}</figcaption>
</figure>
${rows.length === 0 ? '' : table(caption, [from, to, result, seen], rows)}`;
  }

  const step = ({ title, blocks }: Section) => html`<div class="step">
<h3>${text(title)}</h3>
${lines(blocks.map(block))}
</div>`;

  return {
    text,
    block,
    section: (
      { title, blocks, sections },
      index,
    ) => html`<section${sections.length === 0 ? '' : CHAPTER} aria-labelledby="${sectionId(index)}">
<h2 id="${sectionId(index)}">${text(title)}</h2>
${lines(blocks.map(block))}
${lines(sections.map(step))}
</section>`,
  };
}

function sectionId(index: number): string {
  return `section-${index + 1}`;
}
