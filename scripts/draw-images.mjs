// Draws docs/images/ from a real run of the lab on the embedded runtime: its output on a terminal, and the networks in its report.
//   node scripts/draw-images.mjs [FOLDER]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Style classes by the number in the ANSI sequence. */
const CLASSES = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' };
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[(\\d+)m`);

const root = fileURLToPath(new URL('..', import.meta.url));
const images = path.resolve(process.argv[2] ?? path.join(root, 'docs/images'));
const folder = mkdtempSync(path.join(tmpdir(), 'wf-images-'));

try {
  mkdirSync(images, { recursive: true });
  const { stdout, stderr } = wf('start', 'lab-network', '--runtime', 'embedded', '--id', 'lab');
  writeFileSync(path.join(images, 'lab.svg'), terminalSvg(excerpt(stderr, stdout)));
  const page = path.join(folder, 'lab.html');
  wf('report', 'lab', '-o', page);
  writeFileSync(path.join(images, 'topology.svg'), topologySvg(readFileSync(page, 'utf8')));
} finally {
  rmSync(folder, { recursive: true });
}

function wf(...args) {
  const { FORCE_COLOR: _, NO_COLOR: __, WF_DB: ___, ...env } = process.env;
  const ended = spawnSync(process.execPath, [path.join(root, 'dist/wf.cjs'), ...args], {
    cwd: folder,
    env: { ...env, FORCE_COLOR: '1', XDG_STATE_HOME: folder },
    encoding: 'utf8',
  });
  if (ended.status !== 0) throw new Error(`wf ${args.join(' ')} ended with ${ended.status}: ${ended.stderr}`);
  return ended;
}

/** Returns the steps of the splice, the last step, and the result. Their sets are the same in every run. */
function excerpt(progress, result) {
  const steps = progress.trimEnd().split('\n');
  const spliced = steps.filter((line) => line.startsWith('vethSplice'));
  const dots = '\u001B[2m...\u001B[22m';
  return [
    '\u001B[1m$ wf start lab-network\u001B[22m',
    ...steps.slice(0, 1),
    dots,
    ...spliced.slice(1),
    dots,
    ...steps.slice(-2),
    ...result.trimEnd().split('\n'),
  ];
}

/** Draws a terminal with these lines. wf uses only the ANSI sequences for colours and weights. */
function terminalSvg(lines) {
  const [cell, height, margin] = [8.4, 20, 16];
  const plain = lines.map((line) =>
    line
      .split(SEQUENCE)
      .filter((_, index) => index % 2 === 0)
      .join(''),
  );
  const width = Math.ceil(Math.max(...plain.map((line) => line.length)) * cell + 2 * margin);
  const total = lines.length * height + 2 * margin;
  const texts = lines.map(
    (line, index) =>
      `<text xml:space="preserve" x="${margin}" y="${margin + index * height + 15}">${spans(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="wf runs the lab and proves that nothing is left" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}">
<style>
text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e6e9ee; white-space: pre; }
.bold { font-weight: 700; } .dim { fill: #9aa5b1; } .green { fill: #7ddc9a; } .yellow { fill: #ecc45c; } .red { fill: #ff9d96; } .cyan { fill: #7fd6e8; }
</style>
<rect width="${width}" height="${total}" rx="8" fill="#14181d"/>
${texts.join('\n')}
</svg>
`;
}

function spans(line) {
  let kind;
  return line
    .split(SEQUENCE)
    .map((part, index) => {
      if (index % 2 === 0)
        return part === '' ? '' : `<tspan${kind === undefined ? '' : ` class="${kind}"`}>${escaped(part)}</tspan>`;
      kind = CLASSES[part];
      return '';
    })
    .join('');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** Returns the last picture of the report, with the rules of the page's style sheet that apply to it. */
function topologySvg(page) {
  const drawing = [...page.matchAll(/<svg.*?<\/svg>/gs)].at(-1)?.[0];
  const sheet = /<style>(.*?)@media print/s.exec(page)?.[1];
  if (drawing === undefined || sheet === undefined) throw new Error('the report has no picture');
  const colours = sheet.split('\n').filter((line) => line.includes(':root {'));
  const rules = sheet
    .split('\n')
    .filter((line) => line.startsWith('svg .') || line.startsWith('svg text'))
    .map((line) => line.replaceAll('svg ', ''));
  const style = `<style>\n${[...colours, ...rules].join('\n')}\n</style>\n<rect width="100%" height="100%" fill="var(--page)"/>`;
  return `${drawing.replace('</desc>', () => `</desc>\n${style}`)}\n`;
}
