import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A file of the page, under a name that changes with its content. */
export interface Asset {
  readonly name: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

export interface Assets {
  readonly script: Asset;
  readonly style: Asset;
  readonly icon: Asset;
  find(name: string): Asset | undefined;
}

/** Reads the files that the build writes beside the program. */
export function readAssets(folder = path.join(import.meta.dirname, 'ui')): Assets {
  const script = readAsset(folder, 'app.js', 'text/javascript; charset=utf-8');
  const style = readAsset(folder, 'app.css', 'text/css; charset=utf-8');
  const icon = readAsset(folder, 'icon.svg', 'image/svg+xml');
  return { script, style, icon, find: (name) => [script, style, icon].find((asset) => asset.name === name) };
}

function readAsset(folder: string, file: string, mediaType: string): Asset {
  const content = readFileSync(path.join(folder, file));
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const { name, ext } = path.parse(file);
  return { name: `${name}-${digest}${ext}`, mediaType, content };
}
