/** An element of a page. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (Element | string)[];
}

/** Elements that have no end. */
const VOID = ['meta', 'br', 'hr', 'img', 'input', 'link'];

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>/y;
const ATTRIBUTE = /([a-zA-Z:-]+)="([^"]*)"/g;

/**
 * Reads a page that is written strictly: every element is closed, every attribute quoted, every `<` and `&` of a text escaped.
 * Anything else is an error, so foreign content can only be text.
 */
export function readPage(page: string): Element {
  const begin = '<!doctype html>\n';
  if (!page.startsWith(begin)) throw new Error('the page does not begin with its doctype');
  const root: { name: string; attributes: Map<string, string>; children: (Element | string)[] } = {
    name: '#root',
    attributes: new Map(),
    children: [],
  };
  const open = [root];
  const top = () => open.at(-1) ?? root;
  for (let at = begin.length; at < page.length; ) {
    if (page[at] !== '<') {
      const end = page.indexOf('<', at);
      const text = page.slice(at, end === -1 ? page.length : end);
      top().children.push(top().name === 'style' ? text : unescaped(text));
      at += text.length;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(page);
    if (tag === null) throw new Error(`not a tag: ${page.slice(at, at + 80)}`);
    const [whole, slash, name = '', attributes = '', closed] = tag;
    at += whole.length;
    if (slash === '/') {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name}>`);
      continue;
    }
    const element = {
      name,
      attributes: new Map(
        [...attributes.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, unescaped(value)]),
      ),
      children: [],
    };
    top().children.push(element);
    if (closed !== '/' && !VOID.includes(name)) open.push(element);
  }
  if (open.length !== 1) throw new Error(`not closed: ${open.map((element) => element.name).join(', ')}`);
  return root;
}

function unescaped(text: string): string {
  const bare = text.replace(/&(?:amp|lt|gt|quot|#39);/g, '');
  if (bare.includes('&')) throw new Error(`an & that is not escaped: ${text.slice(0, 80)}`);
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** All elements below one, in the order of the page. */
export function elementsIn(element: Element): readonly Element[] {
  return element.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...elementsIn(child)]));
}

export function named(element: Element, ...names: readonly string[]): readonly Element[] {
  return elementsIn(element).filter(({ name }) => names.includes(name));
}

/** All text in an element. */
export function textIn(element: Element): string {
  return element.children.map((child) => (typeof child === 'string' ? child : textIn(child))).join('');
}

/** The only element of a name. */
export function only(element: Element, name: string): Element {
  const [found, ...more] = named(element, name);
  if (found === undefined || more.length > 0) throw new Error(`there is not exactly one <${name}>`);
  return found;
}
