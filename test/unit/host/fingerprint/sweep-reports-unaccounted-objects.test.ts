import { expect, test } from 'vitest';
import { asStepId, parseRunId, type RunId } from '../../../../src/engine/model/ids.ts';
import type { Json } from '../../../../src/engine/model/json.ts';
import type { ChangeOfRun } from '../../../../src/engine/ports/history.ts';
import type { MarkedObject } from '../../../../src/sweep/marked-object.ts';
import { unaccounted } from '../../../../src/sweep/unaccounted.ts';

const OURS = runId('ours');
const recognisedBy = 'a mark';
const NONE: ReadonlySet<string> = new Set();
const ID = 'a'.repeat(64);
const container = dockerObject('container', ID, 'AppDev');
const network = dockerObject('network', ID, 'devops');
const NODE = 'n'.repeat(25);
const swarm: MarkedObject = { kind: 'swarm', id: NODE, name: NODE, run: OURS, recognisedBy, undo: ['docker'] };
const membership = (node: string | null) => ({ engine: 'E', cluster: 'c', node, gateway: null, encryption: null });
const gateway = dockerObject('network', ID, 'docker_gwbridge');
const link: MarkedObject = { kind: 'link', id: '7', name: 'int_hote', run: OURS, recognisedBy, undo: ['ip'] };
const words = 'default via 10.2.0.1 dev eth1 proto 119 metric 100'.split(' ');
const route: MarkedObject = {
  kind: 'route',
  id: words.join(' '),
  name: 'x',
  run: null,
  recognisedBy,
  family: 'inet',
  words,
  undo: ['ip'],
};

const place = { type: 'host', inode: 1, holder: null };
const containerRecord = (name: string, id: string | null) => ({
  name,
  id,
  startedNow: null,
  traces: null,
  engine: 'E',
});
const end = (name: string, ifindex: number | null) => ({ name, mac: '02:00:00:00:00:01', ifindex });
const pair = (ifindex: number | null) => ({
  place,
  alias: 'wf.run=ours',
  mtu: null,
  first: end('int_hote', ifindex),
  second: end('int_conteneur', ifindex === null ? null : ifindex + 1),
});
const newLink = (ifindex: number | null) => ({
  ...{ place, link: 'int_hote', kind: 'bridge', alias: 'wf.run=ours', group: '1234567890', ifindex },
});
const routeRecord = (via: string) => ({
  ...{ place, ifindex: 3, link: 'eth1', mark: null, family: 'inet', destination: 'default', via, metric: 100 },
  ...{ replaced: [], plainCommand: null },
});

const cases: readonly [string, MarkedObject, string, Json, 'accounted for' | 'left'][] = [
  [
    'a container is accounted for by its id',
    container,
    'docker.container',
    containerRecord('other', ID),
    'accounted for',
  ],
  [
    'a container is accounted for by its name if its id is unknown',
    container,
    'docker.container',
    containerRecord('AppDev', null),
    'accounted for',
  ],
  [
    'a later container of the same name is left',
    container,
    'docker.container',
    containerRecord('AppDev', 'b'.repeat(64)),
    'left',
  ],
  [
    'a network is accounted for by its name',
    network,
    'docker.network',
    { name: 'devops', id: 'b', engine: 'E' },
    'accounted for',
  ],
  [
    'a network is not accounted for by the change of a container',
    network,
    'docker.container',
    containerRecord('devops', ID),
    'left',
  ],
  ['a swarm is accounted for by its node', swarm, 'swarm.init', membership(NODE), 'accounted for'],
  ['a swarm is accounted for while its node is unknown', swarm, 'swarm.init', membership(null), 'accounted for'],
  ['a later node of the engine is left', swarm, 'swarm.init', membership('o'.repeat(25)), 'left'],
  [
    'a node in the list of a manager is accounted for by the change of its host',
    { ...swarm, kind: 'swarm-node' },
    'swarm.join',
    { ...membership(NODE), manager: 'alpha', managerEngine: 'F' },
    'accounted for',
  ],
  ['the gateway bridge is accounted for by its swarm', gateway, 'swarm.init', membership(NODE), 'accounted for'],
  ['a link is accounted for by its ifindex', link, 'net.veth', pair(7), 'accounted for'],
  ['a link is accounted for by its name before its ifindex is known', link, 'net.veth', pair(null), 'accounted for'],
  ['a link of the same name with another ifindex is left', link, 'net.veth', pair(17), 'left'],
  ['a link of any kind is accounted for by its ifindex', link, 'net.link', newLink(7), 'accounted for'],
  ['a link of any kind is accounted for by its name before that', link, 'net.link', newLink(null), 'accounted for'],
  ['a link of any kind with another ifindex is left', link, 'net.link', newLink(17), 'left'],
  [
    'a link is not accounted for by a setting of it',
    link,
    'net.up',
    { place, ifindex: 7, link: 'int_hote', mark: null },
    'left',
  ],
  ['a route is accounted for by its gateway', route, 'net.route', routeRecord('10.2.0.1'), 'accounted for'],
  ['a route is not accounted for by another route', route, 'net.route', routeRecord('10.2.0.9'), 'left'],
  [
    'any object is accounted for by a change of an unknown step runner',
    link,
    'acme.switch',
    { port: 3 },
    'accounted for',
  ],
  [
    'any object is accounted for by an unreadable record',
    link,
    'net.veth',
    { shape: 'of another version' },
    'accounted for',
  ],
];

test.each(cases)('%s', (_what, object, kind, record, verdict) => {
  const left = unaccounted([object], { inPlace: [change(kind, record)], unfinished: new Set(), privateHosts: NONE });
  expect(left).toEqual(verdict === 'left' ? [object] : []);
});

test('a change of another run accounts for nothing', () => {
  const other = { ...change('docker.container', containerRecord('AppDev', ID)), run: runId('other') };
  expect(unaccounted([container], { inPlace: [other], unfinished: new Set(), privateHosts: NONE })).toEqual([
    container,
  ]);
});

test('an object with the mark of an unfinished run is accounted for without a change', () => {
  expect(
    unaccounted([container, link, route], { inPlace: [], unfinished: new Set([OURS]), privateHosts: NONE }),
  ).toEqual([route]);
  expect(unaccounted([container], { inPlace: [], unfinished: new Set([runId('other')]), privateHosts: NONE })).toEqual([
    container,
  ]);
});

function dockerObject(kind: 'container' | 'network', id: string, name: string): MarkedObject {
  return { kind, id, name, run: OURS, recognisedBy, undo: ['docker'] };
}

function change(kind: string, record: Json): ChangeOfRun {
  const base = { seq: 1, step: asStepId('step'), target: 'x', undo: [], status: 'applied', reason: null } as const;
  return { ...base, kind, record, bootId: 'boot', run: OURS };
}

function runId(text: string): RunId {
  const id = parseRunId(text);
  if (id === undefined) throw new Error(text);
  return id;
}

test('a private host is accounted for by its mark, which distinguishes runs of one id', () => {
  const process = { pid: 7, startTime: '1', bootId: 'b' };
  const host: MarkedObject = {
    kind: 'private-host',
    id: '7',
    name: 'ours@5',
    run: OURS,
    recognisedBy,
    process,
    undo: ['kill'],
  };
  const known = (mark: string) => ({ inPlace: [], unfinished: new Set([OURS]), privateHosts: new Set([mark]) });
  expect(unaccounted([host], known('ours@5'))).toEqual([]);
  expect(unaccounted([host], known('ours@6'))).toEqual([host]);
});
