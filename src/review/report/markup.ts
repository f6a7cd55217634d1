/** Text that is HTML already: nothing but {@link html} makes it, so that all other text is escaped. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

/** HTML from a template: what is put into it is escaped, for content and for quoted attributes, unless it is markup. */
export function html(template: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const parts = template.map((text, index) => text + (index < values.length ? markupOf(values[index] ?? '') : ''));
  return { markup: parts.join('') };
}

/** Markup that this project wrote itself, as the style sheet. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Each in a line of its own. */
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
