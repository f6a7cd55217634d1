import { copyFileSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WF } from '../command/wf-process.ts';
import { folderOfFile } from '../host/file-folder.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/**
 * Makes another version of the built wf, whose handlers of fleets begin with more code. Returns its command.
 * @param code by the name of the handler, in which `ctx` is its context
 */
export function changedWf(code: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(folderOfFile(), 'wf-'));
  const dist = path.dirname(WF);
  const program = readdirSync(dist).find((name) => /^program-.*\.cjs$/.test(name)) ?? 'program.cjs';
  let text = readFileSync(path.join(dist, program), 'utf8');
  for (const [handler, more] of Object.entries(code)) {
    // Names of handlers are not minified. Options come before the function of some.
    const options = '(?:[\\w$.]+\\((?:[\\w$]+|\\{[^{}]*\\}),)?';
    const begins = [...text.matchAll(new RegExp(`[{,]${handler}:${options}async\\(([\\w$]+),[\\w$]+\\)=>\\{`, 'g'))];
    const [begin] = begins;
    if (begin === undefined || begins.length > 1)
      throw new Error(`${begins.length} handlers ${handler} in the built wf`);
    const end = begin.index + begin[0].length;
    text = `${text.slice(0, end)}{const ctx=${begin[1]};${more}}${text.slice(end)}`;
  }
  writeFileSync(path.join(folder, program), text);
  copyFileSync(WF, path.join(folder, 'wf.cjs'));
  symlinkSync(MODULES, path.join(folder, 'node_modules'));
  return path.join(folder, 'wf.cjs');
}
