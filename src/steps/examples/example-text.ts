import { runnerOf } from '../../engine/workflow/define-step.ts';
import * as steps from '../index.ts';
import type { Given } from './example.ts';
import { EXAMPLES } from './index.ts';

/** Columns of the longest object or list in one line. */
const WIDTH = 100;

/** Values that the text shows by their paths. */
const GIVEN: Given = {
  lab: { name: 'lab.name', namespace: namespaceNamed('lab.namespace') },
  nftRule: { handle: 1, comment: 'nftRule.comment', packets: 0, bytes: 0 },
  iptablesRule: { comment: 'iptablesRule.comment' },
  network: {
    id: 'network.id',
    name: 'network.name',
    driver: 'network.driver',
    subnet: 'network.subnet',
    gateway: 'network.gateway',
    bridge: 'network.bridge',
    vni: null,
  },
  web: {
    id: 'web.id',
    name: 'web.name',
    startedAt: 'web.startedAt',
    pid: 1,
    namespace: namespaceNamed('web.namespace'),
    ipv4: 'web.ipv4',
    prefixLength: 24,
    mac: 'web.mac',
    gateway: 'web.gateway',
    ports: [],
  },
};
const NAMES = namesIn(GIVEN, '');

/** Returns the `input` of an example as TypeScript for a workflow file; null for a step runner that does not come with wf. */
export function exampleText(kind: string): string | null {
  const example = new Map(Object.entries(EXAMPLES)).get(importNameOf(kind) ?? '');
  if (example === undefined) return null;
  const used = new Set<string>();
  const input = literal(typeof example === 'function' ? example(GIVEN) : example, '', used);
  return used.size === 0 ? `input: ${input}` : `input: ({ context: { ${[...used].join(', ')} } }) => (${input})`;
}

function importNameOf(kind: string): string | undefined {
  return Object.entries(steps).find(([, exported]) => runnerOf(exported)?.kind === kind)?.[0];
}

/** Returns the path of each object and each text in a value that is a path. */
function namesIn(value: object, path: string): ReadonlyMap<unknown, string> {
  const entries = Object.entries(value).flatMap(([key, member]): (readonly [unknown, string])[] => {
    const name = path === '' ? key : `${path}.${key}`;
    if (typeof member !== 'object' || member === null) return member === name ? [[member, name]] : [];
    return [[member, name], ...namesIn(member, name)];
  });
  return new Map(entries);
}

/** Returns a value as TypeScript, formatted. Adds the names in it to `used`. */
function literal(value: unknown, indent: string, used: Set<string>): string {
  const name = NAMES.get(value);
  if (name !== undefined) {
    used.add(name.replace(/\..*/, ''));
    return name;
  }
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => literal(item, inner, used))
    : Object.entries(value).map(([key, member]) => memberText(key, literal(member, inner, used)));
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return `${open}${close}`;
  const space = Array.isArray(value) ? '' : ' ';
  const line = `${open}${space}${parts.join(', ')}${space}${close}`;
  if (line.length + indent.length <= WIDTH && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}

function memberText(key: string, value: string): string {
  if (key === value) return key;
  return `${/^[A-Za-z_]\w*$/.test(key) ? key : quoted(key)}: ${value}`;
}

function quoted(text: string): string {
  if (text.trimEnd().includes('\n') && !/[`\\]|\$\{/.test(text)) return `\`${text}\``;
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped}'`;
}

function namespaceNamed(path: string): Given['lab']['namespace'] {
  return { path, inode: 1, process: null };
}
