/** HTML, as opposed to text: only {@link html} and {@link trusted} make it, so that all other text is escaped. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

/** Returns HTML from a template. Values are escaped, for content and for quoted attributes, unless they are markup. */
export function html(template: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const parts = template.map((text, index) => text + (index < values.length ? markupOf(values[index] ?? '') : ''));
  return { markup: parts.join('') };
}

/** Marks HTML of this project, such as the style sheet, as markup. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Joins markup with line breaks. */
export function lines(markups: readonly Markup[]): Markup {
  return { markup: markups.map(({ markup }) => markup).join('\n') };
}

function markupOf(value: Value): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for content and for quoted attributes of HTML and SVG. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
