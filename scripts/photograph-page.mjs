// Takes the screenshots of the page in docs/images from real runs, with Debian's Chromium: `npm run docs:page-images`.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = path.join(root, 'docs/images');
/** The screenshots show paths in this folder, which is the same on every machine. */
const folder = path.join(tmpdir(), 'lab');
const wf = path.join(root, 'dist/wf.cjs');
const { WF_DB: _, ...inherited } = process.env;
const env = { ...inherited, XDG_STATE_HOME: folder };
const options = { cwd: folder, env, encoding: 'utf8' };

/** The captured pages: their addresses, and the elements that must be present. */
const PAGES = [
  { name: 'page-runs', address: '/', heading: 'Runs' },
  { name: 'page-run', address: '/runs/lab/steps/createVethPair', heading: 'Timeline' },
  { name: 'page-topology', address: '/runs/lab', part: 'section[aria-labelledby=topology]' },
  { name: 'page-question', address: '/runs/question', heading: 'Continue?' },
  { name: 'page-workflow', address: '/workflows/lab-network', heading: 'Inputs' },
];

mkdirSync(folder);
cpSync(path.join(root, 'workflows'), path.join(folder, 'workflows'), { recursive: true });
writeFileSync(path.join(folder, '.wf'), '');
writeFileSync(
  path.join(folder, 'workflows/asking.ts'),
  readFileSync(path.join(root, 'test/fixtures/workflows/asking.ts'), 'utf8'),
);
writeFileSync(path.join(folder, 'first.go'), '');
const started = [];
try {
  run('start', 'lab-network', '--runtime', 'embedded', '--id', 'lab');
  run(
    'start',
    'lab-network',
    '--runtime',
    'embedded',
    '--id',
    'kept',
    '--input',
    'prefix=b-',
    '--pause-after',
    'vethSplice',
  );
  const asking = spawn(process.execPath, [wf, 'start', 'asking', '--id', 'question', '--input', `folder=${folder}`], {
    ...options,
    stdio: 'ignore',
  });
  started.push(asking);
  await until(() => JSON.parse(run('show', 'question', '--json')).status === 'waiting');
  const server = spawn(process.execPath, [wf, 'ui', '--port', '0', '--allow-actions'], {
    ...options,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(server);
  const link = await new Promise((resolve) => server.stdout.once('data', (text) => resolve(String(text).trim())));
  await photograph(link);
} finally {
  run('cancel', 'question');
  run('rollback', 'kept');
  for (const child of started) child.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function photograph(link) {
  const browser = await chromium.launch({
    executablePath: ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((file) => existsSync(file)),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
  await page.goto(link);
  await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
  for (const { name, address, heading, part } of PAGES) {
    await page.goto(new URL(address, link).href);
    if (heading !== undefined) await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    await page.waitForLoadState('networkidle').catch(() => {});
    const file = path.join(images, `${name}.png`);
    if (part === undefined) await page.screenshot({ path: file });
    else await photographPart(page, part, file);
    process.stdout.write(`wrote docs/images/${name}.png\n`);
  }
  await browser.close();
}

/** Captures a part of the page once its pictures have loaded. */
async function photographPart(page, part, file) {
  const shown = page.locator(part);
  await shown.locator('img').first().waitFor();
  await shown.scrollIntoViewIfNeeded();
  await shown.screenshot({ path: file });
}

function run(...args) {
  return spawnSync(process.execPath, [wf, ...args], options).stdout;
}

async function until(isSo) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the run does not ask its question');
}
