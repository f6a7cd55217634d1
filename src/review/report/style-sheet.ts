/**
 * Colours of text and lines by meaning, and of backgrounds. Each text colour has a contrast of at least 4.5 with each background (WCAG
 * 2.2, 1.4.3), each line colour one of at least 3 (1.4.11).
 */
const LIGHT = {
  text: '#1c2128',
  muted: '#4d5661',
  link: '#0a4fa8',
  open: '#11622f',
  blocked: '#a4161a',
  unclear: '#6b4e00',
  line: '#6a737d',
  page: '#ffffff',
  surface: '#f3f5f7',
};
const DARK: typeof LIGHT = {
  text: '#e6e9ee',
  muted: '#b3bbc6',
  link: '#8ec2ff',
  open: '#7ddc9a',
  blocked: '#ff9d96',
  unclear: '#ecc45c',
  line: '#8b96a5',
  page: '#14181d',
  surface: '#20262d',
};

const COLORS = `:root { color-scheme: light dark; ${properties(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { ${properties(DARK)} } }`;

/** Returns the style of a report as a page. */
export function styleSheet(): string {
  return `${COLORS}
${SCREEN}
${DRAWING}
@media print { :root { color-scheme: light; ${properties(LIGHT)} } ${PRINT} }`;
}

/** Returns the style of a drawing that is a file of its own. */
export function drawingStyle(): string {
  return `${COLORS}
svg { background: var(--page); }
${DRAWING}`;
}

function properties(colors: typeof LIGHT): string {
  return Object.entries(colors)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');
}

const MONOSPACED = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';

const SCREEN = `* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; background: var(--page); color: var(--text);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.25; }
h1 { font-size: 2rem; margin: 1rem 0; }
h2 { font-size: 1.5rem; margin: 3rem 0 1rem; padding-top: 1rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2rem 0 0.25rem; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
code, pre { font-family: ${MONOSPACED}; }
code { font-size: 0.9em; }
nav ol { columns: 18rem; column-gap: 2rem; list-style: none; padding-left: 0; }
nav li { break-inside: avoid; margin-bottom: 0.25rem; }
.step > p:first-of-type, .ending { color: var(--muted); font-size: 0.9rem; margin: 0.25rem 0 0.75rem; }
.command { margin: 0.75rem 0; }
pre { margin: 0; padding: 0.6rem 0.8rem; background: var(--surface); border: 1px solid var(--line); border-radius: 4px;
  font-size: 0.82rem; line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 8; }
pre .typed { font-weight: 700; }
pre .prompt { user-select: none; }
.ending { margin: 0.25rem 0 0; }
.notice, .alert { margin: 1.25rem 0; padding: 0.5rem 1rem; background: var(--surface); border-left: 4px solid var(--link); }
.alert { border-left: 8px double var(--blocked); }
.notice p, .alert p { margin: 0.4rem 0; }
.heading { font-weight: 700; }
table { width: 100%; margin: 1.25rem 0; border-collapse: collapse; font-size: 0.92rem; }
caption { text-align: left; font-weight: 700; padding: 0.25rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem; border: 1px solid var(--line); }
th, td { overflow-wrap: anywhere; min-width: 5rem; }
@media (max-width: 45rem) { body { padding: 0.75rem; } th, td { padding: 0.25rem; min-width: 2.75rem; } }
thead th { background: var(--surface); }
tbody th { font-weight: 400; }
figure { margin: 1.5rem 0; }
svg { display: block; max-width: 100%; height: auto; margin: 0.75rem 0; }
footer { margin-top: 3rem; border-top: 2px solid var(--line); color: var(--muted); font-size: 0.9rem; }`;

const DRAWING = `svg text { font-family: ${MONOSPACED}; }
svg text { font-size: 13px; fill: var(--text); white-space: pre; }
svg .title { font-weight: 700; }
svg .frame { fill: none; stroke: var(--line); stroke-dasharray: 2 4; }
svg .box { fill: var(--surface); stroke: var(--text); }
svg .port { fill: var(--page); stroke: var(--line); }
svg .port.added { stroke: var(--text); }
svg .behind { fill: var(--page); }
svg .wire, svg .path { fill: none; stroke: var(--text); stroke-width: 1.5; }
svg .added { stroke-width: 3.5; }
svg .path.open { stroke: var(--open); stroke-width: 2; }
svg .path.blocked { stroke: var(--blocked); stroke-width: 2; stroke-dasharray: 7 4; }
svg .path.unclear { stroke: var(--unclear); stroke-width: 2; stroke-dasharray: 2 4; }
svg .arrow.open, svg .label.open { fill: var(--open); }
svg .arrow.blocked, svg .label.blocked { fill: var(--blocked); }
svg .arrow.unclear, svg .label.unclear { fill: var(--unclear); }`;

const PRINT = `@page { margin: 18mm 16mm; }
body { max-width: none; padding: 0; font-size: 10pt; line-height: 1.45; }
nav, .skip { display: none; }
.chapter { break-before: page; }
.chapter h2 { border-top: 0; padding-top: 0; margin-top: 0; }
h1, h2, h3, caption, .heading { break-after: avoid; }
.step > p:first-of-type { break-after: avoid; }
figure, svg, table, tr, .notice, .alert { break-inside: avoid; }
thead { display: table-header-group; }
p, li { orphans: 3; widows: 3; }
pre { font-size: 7.5pt; line-height: 1.35; }
table { font-size: 9pt; }
th, td { padding: 0.2rem 0.45rem; }
h3 { margin-top: 1.2rem; }
a { color: inherit; text-decoration: none; }`;
