import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const OPEN = fileURLToPath(new URL('../../../../src/history/open.ts', import.meta.url));

/** Counts the statements of the addon, and those collected, while histories are opened, read and closed. */
const SCRIPT = `
  import { createRequire } from 'node:module';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { createJiti } from 'jiti';
  const require = createRequire(${JSON.stringify(import.meta.url)});
  const Database = require('better-sqlite3');
  const { cppdb } = require('better-sqlite3/lib/util');
  let made = 0, collected = 0;
  const registry = new FinalizationRegistry(() => { collected += 1; });
  const count = (object) => { made += 1; registry.register(object, undefined); return object; };
  globalThis.kept = new Database(':memory:');
  const addon = Object.getPrototypeOf(kept[cppdb]);
  const { prepare } = addon;
  addon.prepare = function (...given) { return count(prepare.apply(this, given)); };
  const { openHistory, openHistoryForReading } = await createJiti(${JSON.stringify(import.meta.url)}, { fsCache: false }).import(${JSON.stringify(OPEN)});
  for (let n = 0; n < 5; n++) {
    const history = openHistory(process.argv[1]);
    history.runs({ limit: 1 });
    history.close();
    const reader = openHistoryForReading(process.argv[1]);
    reader.runs({ limit: 1 });
    reader.close();
  }
  for (let n = 0; n < 5; n++) { gc(); await sleep(1); }
  console.log(JSON.stringify({ made: made > 50, collected }));
`;

test('no statement is collected: Node 24.21 aborts when one is', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-collected-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const argv = ['--expose-gc', '--input-type=module', '-e', SCRIPT, path.join(folder, 'wf.db')];
  const output = execFileSync(process.execPath, argv, {
    encoding: 'utf8',
    cwd: path.dirname(fileURLToPath(import.meta.url)),
  });
  expect(JSON.parse(output)).toEqual({ made: true, collected: 0 });
}, 60_000);
