import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, createMachine, not, raise, setup } from 'xstate';
import { z } from 'zod';
import { loadWorkflow } from '../../../../src/definition/load.ts';
import { type Json, toJson } from '../../../../src/engine/model/json.ts';
import { confineCode } from '../../../../src/host/workflow-code/confine-code.ts';
import { wfModule } from '../../../../src/library/wf-module.ts';
import { dotText } from '../../../../src/review/graph/draw/dot.ts';
import { mermaidText } from '../../../../src/review/graph/draw/mermaid.ts';
import { svgText } from '../../../../src/review/graph/draw/svg.ts';
import { type Box, layoutGraph } from '../../../../src/review/graph/draw/svg-layout.ts';
import { pictureLines } from '../../../../src/review/graph/draw/terminal-picture.ts';
import { arrowsOf } from '../../../../src/review/graph/links.ts';
import { type MachineGraph, statesBelow } from '../../../../src/review/graph/machine-graph.ts';
import { markedConfig } from '../../../../src/review/graph/marked-config.ts';
import { readDefinition } from '../../../../src/review/graph/read-graph.ts';
import type { Mark, RunMarks } from '../../../../src/review/graph/run-marks.ts';
import { widthOf } from '../../../../src/review/text/format/plain-text.ts';
import { described, look } from '../../../fixtures/review/drawn-machine.ts';
import { colourTerminalOf, PIPED, terminalOf } from '../../../fixtures/review/style.ts';
import { parseDot, parseMermaid, parseXml, type XmlElement } from '../../../fixtures/review/syntax.ts';

/** Nested and parallel states, all triggers, guards of all kinds, and names that are syntax elsewhere. */
const wild = setup({
  types: { events: {} as { type: 'GO:now' } | { type: 'STOP' } | { type: 'x' } },
  actors: { look },
  guards: { 'is "open"; <b>': () => true, closed: () => true },
  delays: { settle: 20 },
}).createMachine({
  initial: 'first',
  on: { STOP: '.end' },
  states: {
    first: {
      description: 'a --> b',
      entry: raise({ type: 'x' }),
      invoke: {
        id: 'lookFirst',
        src: 'look',
        input: {},
        onDone: [
          { guard: 'is "open"; <b>', target: 'both' },
          { guard: not('closed'), target: 'end' },
          { target: 'first', reenter: true },
        ],
        onError: 'default',
      },
    },
    both: {
      type: 'parallel',
      states: {
        'a-b': {
          initial: 'class',
          states: {
            class: { after: { settle: 'note', 500: '#machine-end' } },
            note: { on: { 'GO:now': [{ guard: ({ event }) => event.type === 'GO:now', target: 'done' }] } },
            done: { type: 'final' },
          },
        },
        a_b: {
          initial: 'wait',
          states: { wait: { always: { guard: 'closed', target: 'done' } }, done: { type: 'final' } },
        },
      },
      onDone: 'end',
    },
    default: { type: 'final', tags: 'failed' },
    end: { id: 'machine-end', type: 'final' },
  },
});

interface Drawn {
  readonly machine: AnyStateMachine;
  readonly description: Json;
}
const drawn = new Map<string, Drawn>();

beforeAll(async () => {
  drawn.set('wild', { machine: wild, description: described(wild).description });
  for (const [name, folder] of [
    ['note', 'test/fixtures/workflows'],
    ['small-lab', 'test/fixtures/workflows'],
    ['lab-network', 'workflows'],
  ] as const) {
    const { workflow, definition } = await loadWorkflow(
      { name, file: fileURLToPath(new URL(`../../../../${folder}/${name}.ts`, import.meta.url)) },
      {
        cacheFolder: fileURLToPath(new URL('../../../../node_modules/.cache/wf-test', import.meta.url)),
        wfModule,
        confine: confineCode,
      },
    );
    drawn.set(name, { machine: workflow.model.machine, description: definition.description });
  }
});

function read(name: string) {
  const found = drawn.get(name);
  if (found === undefined) throw new Error(`nothing drawn for ${name}`);
  return { ...found, ...readDefinition(found.description) };
}

/** Marks of all kinds, one after the other. */
function someMarks({ root }: MachineGraph): RunMarks {
  const kinds: readonly Mark[] = ['passed', 'current', 'failed', 'stopped', 'not-run'];
  const states = statesBelow(root);
  const mark = (index: number) => kinds[index % kinds.length] ?? 'passed';
  return {
    run: 'abc',
    status: 'interrupted',
    states: new Map(states.map(({ id }, index) => [id, mark(index)])),
    steps: new Map(states.flatMap(({ steps }) => steps).map(({ invoke }, index) => [invoke, mark(index)])),
    taken: new Map(states.flatMap(({ transitions }) => transitions).map(({ number }, index) => [number, index % 3])),
  };
}

const NAMES = ['wild', 'note', 'small-lab', 'lab-network'];

describe.each(NAMES)('%s', (name) => {
  test('the graph has the states and transitions that XState reports', () => {
    const { machine, graph } = read(name);
    expect(factsOfGraph(graph)).toEqual(factsOf(machine.root));
    const numbers = statesBelow(graph.root).flatMap(({ transitions }) => transitions.map((one) => one.number));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index));
  });

  test('JSON is a config from which createMachine makes the same machine, with or without a run', () => {
    const { machine, graph, config } = read(name);
    for (const marks of [undefined, someMarks(graph)]) {
      const text = JSON.stringify(markedConfig(graph, config, marks));
      expect(text).not.toContain('=> {');
      const again = createMachine(z.custom<Parameters<typeof createMachine>[0]>().parse(JSON.parse(text)));
      expect(factsOf(again.root)).toEqual(factsOf(machine.root));
      const meta = Object.values(again.root.states)[0]?.meta;
      expect(meta?.['wf']?.mark).toBe(marks === undefined ? undefined : 'current');
    }
  });

  test('Mermaid text parses, and contains every state once', () => {
    const { graph } = read(name);
    const inner = statesBelow(graph.root).length - 1;
    for (const marks of [undefined, someMarks(graph)]) {
      const { states, arrows } = parseMermaid(mermaidText(graph, marks));
      expect(states.filter((id) => id !== 's_')).toHaveLength(inner);
      expect(arrows.length).toBeGreaterThan(3);
    }
  });

  test('DOT text parses, with every state as a node or a cluster, and every edge between nodes', () => {
    const { graph } = read(name);
    for (const marks of [undefined, someMarks(graph)]) {
      const { nodes, clusters, edges } = parseDot(dotText(graph, marks));
      const states = statesBelow(graph.root).filter(({ id }) => id !== '');
      for (const { id, states: inside } of states) {
        expect(inside.length === 0 ? nodes : clusters).toContain(inside.length === 0 ? id : `cluster_${id}`);
      }
      const known = new Set([...nodes, '(anywhere)']);
      for (const { from, to, attributes } of edges) {
        expect(known).toContain(from);
        expect(known).toContain(to);
        for (const cut of [attributes['lhead'], attributes['ltail']])
          if (cut !== undefined) expect(clusters).toContain(cut);
      }
    }
  });

  test('SVG is well-formed and labelled, with every state and step as text and without overlaps', () => {
    const { graph } = read(name);
    for (const marks of [undefined, someMarks(graph)]) {
      const svg = parseXml(svgText(graph, marks));
      expect(svg).toMatchObject({ name: 'svg', attributes: { role: 'img' } });
      const ids = svg.attributes['aria-labelledby']?.split(' ') ?? [];
      const named = svg.children.filter(({ attributes }) => ids.includes(attributes['id'] ?? ''));
      expect(named.map((element) => element.name)).toEqual(['title', 'desc']);
      const texts = allElements(svg)
        .filter((element) => element.name === 'text')
        .map(({ text }) => text);
      const states = statesBelow(graph.root).filter(({ id }) => id !== '');
      for (const { name: state, steps } of states) {
        expect(texts.some((text) => text.endsWith(state))).toBe(true);
        for (const { invoke } of steps) expect(texts.some((text) => text.includes(`${invoke} (`))).toBe(true);
      }
      expectNoOverlap(layoutGraph(graph, marks));
      const [, , width = 0] = (svg.attributes['viewBox'] ?? '').split(' ').map(Number);
      const right = Math.max(
        ...allElements(svg)
          .filter((element) => element.name === 'text')
          .map(({ attributes, text }) => Number(attributes['x']) + text.replace(/&#?\w+;/g, 'x').length * 7.2),
      );
      expect(right).toBeLessThanOrEqual(width);
    }
  });

  test('the terminal picture fits 80 columns, and marks states by signs, not only by colour', () => {
    const { graph } = read(name);
    for (const marks of [undefined, someMarks(graph)]) {
      const plain = pictureLines(graph, marks, terminalOf(80));
      for (const line of plain) expect(widthOf(line)).toBeLessThanOrEqual(80);
      const coloured = pictureLines(graph, marks, colourTerminalOf(80));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colour is what is taken off
      expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain);
      expect(pictureLines(graph, marks, PIPED).length).toBeLessThanOrEqual(plain.length);
      if (marks !== undefined) for (const line of plain.slice(2, -4)) expect(line).toMatch(/^[✓▶✗■· ] /);
    }
  });
});

test('a small machine has this exact picture and config', () => {
  const { graph, config } = read('wild');
  expect(pictureLines(graph, undefined, terminalOf(80))).toEqual([
    'drawn  version 1',
    '',
    '(anywhere)  on STOP → end',
    '● first',
    '    lookFirst  test.look  done [is "open"; <b>] → both  done [not(closed)] → end',
    '        done → itself  error → default',
    '═ both (parallel)  done → end',
    '║ ○ a-b',
    '║ │ ● class  after 500 → end  after settle → note',
    '║ │ ○ note  on GO:now [event.type === "GO:now"] → done',
    '║ │ ◎ done',
    '║ ○ a_b',
    '║ │ ● wait  always [closed] → done',
    '║ │ ◎ done',
    '◎ default',
    '◎ end',
    '',
    '● initial state  ○ state  ◎ end  ═ parallel regions',
  ]);
  expect(markedConfig(graph, config, undefined)).toMatchObject({
    id: 'drawn',
    context: {},
    states: {
      first: {
        description: 'a --> b',
        entry: [{ type: 'xstate.raise', params: { event: { type: 'x' } } }],
        invoke: [
          {
            id: 'lookFirst',
            src: 'look',
            input: {},
            onDone: [
              { guard: 'is "open"; <b>', target: 'both' },
              { guard: 'not(closed)', target: 'end' },
              { target: 'first', reenter: true },
            ],
            onError: [{ target: 'default' }],
          },
        ],
      },
    },
  });
});

test('an arrow across the border of a state is drawn between the enclosing states, and names its ends', () => {
  const machine = createMachine({
    initial: 'both',
    states: {
      both: {
        type: 'parallel',
        states: {
          left: { initial: 'a', states: { a: { on: { jump: '#c', out: '#inner' } }, b: {} } },
          right: { initial: 'd', states: { c: { id: 'c' }, d: {} } },
        },
      },
      outer: { initial: 'inner', states: { inner: { id: 'inner' } } },
    },
  });
  const { graph } = readDefinition({ name: 'x', version: '1', machine: { config: toJson(machine.config) } });
  expect(arrowsOf(graph)).toEqual([
    { place: '', from: 'both', to: 'both', labels: ['on jump', '(both.left.a to both.right.c)'], taken: 0 },
    { place: '', from: 'both', to: 'outer', labels: ['on out', '(both.left.a to outer.inner)'], taken: 0 },
  ]);
  expect(parseMermaid(mermaidText(graph, undefined)).arrows).toContainEqual({
    from: 's_both',
    to: 's_outer',
    label: 'on out / (both.left.a to outer.inner)',
    place: '',
  });
  const drawnArrows = layoutGraph(graph, undefined).arrows.map(({ arrow }) => arrow.to);
  expect(drawnArrows.toSorted()).toEqual(['both', 'outer']);
});

test('a constant input stays a constant, even if it resembles a stored function', () => {
  const machine = setup({ actors: { look } }).createMachine({
    initial: 'one',
    states: {
      one: { invoke: { id: 'a', src: 'look', input: { source: 'eth0', to: ['b'] } as never, onDone: 'two' } },
      two: { invoke: { id: 'b', src: 'look', input: (() => ({})) as never, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const { config } = readDefinition(described(machine).description);
  expect(config).toMatchObject({
    states: { one: { invoke: [{ input: { source: 'eth0', to: ['b'] } }] }, two: { invoke: [{ input: '({})' }] } },
  });
});

test('combined guards and actions have names', () => {
  const states = {
    one: {
      entry: [
        { type: 'xstate.assign', assignment: { seen: { source: '() => 1' } } },
        { type: 'named', params: { a: 1 } },
      ],
      always: [
        { guard: { guard: 'and', guards: ['a', { type: 'b' }] }, target: 'end' },
        { guard: { guard: 'stateIn', stateValue: 'one' }, target: 'end' },
      ],
    },
    end: { type: 'final' },
  };
  const machine = { config: { initial: 'one', states } };
  expect(readDefinition({ name: 'x', version: '1', machine }).config).toMatchObject({
    states: {
      one: {
        entry: ['assign seen', { type: 'named', params: { a: 1 } }],
        always: [{ guard: 'and(a, b)' }, { guard: 'stateIn(one)' }],
      },
    },
  });
});

test('an invalid definition is refused with E_WORKFLOW_INVALID', () => {
  const refused = expect.objectContaining({ code: 'E_WORKFLOW_INVALID' });
  expect(() => readDefinition({ name: 'x' })).toThrow(refused);
  const config = { initial: 'gone', states: { here: {} } };
  expect(() => readDefinition({ name: 'x', version: '1', machine: { config } })).toThrow(refused);
});

/** Its states with their kinds and the targets of their transitions. */
function factsOf(node: AnyStateNode): readonly (readonly [string, string, string, readonly string[]])[] {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  const targets = transitions.map(({ target }) => (target ?? []).map((one: AnyStateNode) => one.path.join('.')).join());
  const initial = node.type === 'compound' ? (node.initial.target[0]?.path.join('.') ?? '') : '';
  return [
    [node.path.join('.'), node.type, initial, targets.toSorted()],
    ...Object.values(node.states).flatMap((child) => factsOf(child)),
  ];
}

function factsOfGraph({ root }: MachineGraph): ReturnType<typeof factsOf> {
  return statesBelow(root).map(({ id, type, initial, transitions }) => [
    id,
    type,
    initial ?? '',
    transitions.map(({ targets }) => targets.join()).toSorted(),
  ]);
}

function allElements(element: XmlElement): readonly XmlElement[] {
  return [element, ...element.children.flatMap(allElements)];
}

function expectNoOverlap({ boxes, x, y, width, height }: Box): void {
  boxes.forEach((box, index) => {
    expect(box.x).toBeGreaterThanOrEqual(x);
    expect(box.y).toBeGreaterThan(y);
    expect(box.x + box.width).toBeLessThanOrEqual(x + width);
    expect(box.y + box.height).toBeLessThanOrEqual(y + height);
    for (const other of boxes.slice(index + 1)) {
      const apart = other.x >= box.x + box.width || other.y >= box.y + box.height;
      expect(apart).toBe(true);
    }
    expectNoOverlap(box);
  });
}
