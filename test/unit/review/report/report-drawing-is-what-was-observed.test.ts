import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import { isJsonObject } from '../../../../src/engine/model/json.ts';
import type { Drawing } from '../../../../src/engine/workflow/narrative.ts';
import { layoutDrawing } from '../../../../src/review/report/drawing/drawing-layout.ts';
import { pathLabel } from '../../../../src/review/report/drawing/drawing-paths.ts';
import { drawingSvg } from '../../../../src/review/report/drawing/drawing-svg.ts';
import { drawingLines } from '../../../../src/review/report/drawing/drawing-text.ts';
import { reportWords } from '../../../../src/review/report/words.ts';
import { inputSchema } from '../../../../workflows/lab-network/input.ts';
import { narrate } from '../../../../workflows/lab-network/narrative.ts';
import { openForTest } from '../../../fixtures/history/temporary.ts';
import { labNarrative, RECORDED, replayRecordedLab } from '../../../fixtures/review/recorded-lab-run.ts';

function drawings(options: Parameters<typeof replayRecordedLab>[1] = {}): readonly Drawing[] {
  const narrative = labNarrative(replayRecordedLab(openForTest().history, options), 'en');
  return narrative.type === 'available' ? (narrative.narrative?.drawings ?? []) : [];
}

const lines = (drawing: Drawing) => drawingLines(layoutDrawing(drawing, (path) => pathLabel(path, reportWords('en'))));
const picture = (drawing: Drawing | undefined) => (drawing === undefined ? '' : lines(drawing).join('\n'));

test('the drawing after the splice shows both interfaces of AppProd, the pair on the bridge, and each path', () => {
  const [, after] = drawings();
  expect(`\n${picture(after)}\n`).toBe(`
         ┌───────────────────────── ✗ blocked: 0 of 3 pings ─────────────────────────┐
         │                                                                           │
         │   ┌────── ✓ open: 3 of 3 pings, HTTP "Mon AppDev" ──────┐                 │
         │   │                                                     │                 │
         │   │   ┌── ✓ open: 3 of 3 pings, HTTP "Production" ──┐   │                 │
         ╵   ▼   ╵                                             ▼   ╵                 ▼
   ┌───────────────────┐                              ┌────────────────────────────────────────┐
   │ AppDev            │                              │ AppProd                                │
   │ ┌───────────────┐ │                              │ ┌─────────────────┐  ┌───────────────┐ │
   │ │ eth0          │ │                              │ │ eth1            │  │ eth0          │ │
   │ │ 172.18.0.2/16 │ │                              │ │ 172.18.0.100/16 │  │ 172.19.0.2/16 │ │
   │ └───────────────┘ │                              │ └─────────────────┘  └───────────────┘ │
   └─────────┬─────────┘                              └──────────┬───────────────────┬─────────┘
             │                                                   │                   │
             │                                                   │                   │
┌─ the host ─┼───────────────────────────────────────────────────┼───────────────────┼────────────┐
│            │                                                   │                   │            │
│     ┌──────┴──────┐                                    ┌───────┴──────┐  ┌─────────┴─────────┐  │
│     │ vethde2978e │                                    │ int_hote     │  │ interface index 6 │  │
│     │             │                                    │ made by hand │  │                   │  │
│     └──────┬──────┘                                    └──────┬───────┘  └─────────┬─────────┘  │
│            │                                                  │                    │            │
│            │                                                  │                    │            │
│         ┌──┴──────────────────────────────────────────────────┴──┐      ┌──────────┴─────────┐  │
│         │ br-97d6533de47c                                        │      │ br-2b717b8dd0fc    │  │
│         │ devops 172.18.0.0/16                                   │      │ prod 172.19.0.0/16 │  │
│         │ gateway 172.18.0.1                                     │      │ gateway 172.19.0.1 │  │
│         └────────────────────────────────────────────────────────┘      └────────────────────┘  │
│                                                                                                 │
└─────────────────────────────────────────────────────────────────────────────────────────────────┘
`);
});

test('the drawing before the splice shows no pair, a blocked path between the two, and the controls', () => {
  const [before] = drawings();
  expect(picture(before)).not.toMatch(/eth1|int_hote|172\.18\.0\.100/);
  expect(before?.paths.map(({ from, to, state }) => `${from} -> ${to}: ${state}`)).toEqual([
    'the host -> AppDev/eth0: open',
    'the host -> AppProd/eth0: open',
    'AppDev/eth0 -> gateway 172.18.0.1: open',
    'AppDev/eth0 -> AppProd/eth0: blocked',
  ]);
});

test('a drawing follows the outputs of the steps', () => {
  const [before, after] = drawings({
    alter: outputs({
      pingSpliceFromAppDev: { answered: false, received: 0 },
      readSplicedAddresses: (text) => text.replaceAll('172.18.0.100', '172.18.0.77'),
    }),
  });
  expect(picture(after)).toContain('172.18.0.77/16');
  expect(picture(after)).toContain('? unclear: 0 of 3 pings, HTTP "Production"');
  expect(picture(before)).not.toContain('172.18.0.77');
  const open = drawings({
    alter: outputs({
      pingAppProdFromAppDev: { answered: true, received: 3 },
      fetchAppProdFromAppDev: { answered: true, body: 'Production' },
      resolveAppProdFromAppDev: { outcome: 'resolved' },
    }),
  });
  expect(open[0]?.paths.at(-1)?.state).toBe('open');
});

test('a drawing contains only observed objects', () => {
  const read = RECORDED.journal.findIndex(
    ({ event }) => event.type === 'step.succeeded' && event.step === 'readAppProdAddresses',
  );
  const [begun, ...more] = drawings({ entries: read + 1 });
  expect(more).toEqual([]);
  expect(picture(begun)).toContain('AppProd');
  expect(picture(begun)).not.toMatch(/AppDev|veth|blocked|open/);
  const withoutBridge = drawings({ alter: outputs({ observeDevBridge: () => 'null' }) });
  expect(picture(withoutBridge[0])).not.toContain('vethde2978e');
  expect(picture(withoutBridge[0])).toContain('172.18.0.2/16');
});

test('an end of a pair has its name if the bridge was observed, else its number', () => {
  const outputs = {
    createProdNetwork: { name: 'prod', subnet: '172.19.0.0/16', gateway: '172.19.0.1', bridge: 'br-2b717b8dd0fc' },
    createAppProd: { name: 'AppProd', ipv4: '172.19.0.2', prefixLength: 16, mac: '02:42:ac:13:00:02' },
    readAppProdAddresses: { links: [{ name: 'eth0', mac: null, peerIfindex: 6, addresses: ['172.19.0.2/16'] }] },
  };
  const bridge = {
    name: 'br-2b717b8dd0fc',
    ports: [{ link: 'veth4590b26', ifindex: 6, peer: { container: 'AppProd', link: 'eth0', ifindex: 5 } }],
  };
  const drawn = (more: Readonly<Record<string, unknown>>) => {
    const { drawings: [first] = [] } = narrate({
      language: 'en',
      runtime: 'docker',
      input: inputSchema.parse({}),
      outputs: { ...outputs, ...more },
    });
    return picture(first);
  };
  expect(drawn({ observeProdBridge: bridge })).toContain('veth4590b26');
  expect(drawn({ observeProdBridge: bridge })).not.toContain('interface index');
  expect(drawn({})).toContain('interface index 6');
});

const BOX = { lines: [], ports: [], origin: 'given' } as const;

test('a drawing can have unknown ends, no layers, wide characters, bends and many boxes', () => {
  const drawing: Drawing = {
    title: 'any',
    text: '',
    stage: null,
    layers: [
      { group: '上', boxes: [{ ...BOX, id: 'a', title: '漢字', lines: ['x'] }] },
      {
        group: 'low',
        boxes: ['b', 'c', 'd'].map((id) => ({
          ...BOX,
          id,
          title: `box ${id}`,
          ports: [{ id: `${id}1`, title: 'p', lines: [], origin: 'added' }],
        })),
      },
    ],
    wires: [
      { from: 'a', to: 'b1', origin: 'given' },
      { from: 'a', to: 'c', origin: 'given' },
      { from: 'a', to: 'nowhere', origin: 'given' },
    ],
    paths: [{ from: 'a', to: 'nowhere', state: 'open', seen: 'x' }],
  };
  const drawn = lines(drawing);
  const columns = (line: string) =>
    [...line].reduce((sum, character) => sum + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0);
  const framed = drawn.filter((line) => /^[┌│└]/.test(line));
  expect(new Set(framed.map(columns)).size).toBe(1);
  expect(drawn.join('\n')).toMatch(/漢字/);
  expect(drawn.join('\n')).toMatch(/┘|┐/);
  expect(drawingSvg(drawing, 'any', reportWords('en')).markup).toContain('<svg role="img"');
  expect(lines({ ...drawing, layers: [] })).toEqual([]);
});

test('boxes of one layer never overlap, and each wire ends at its box', () => {
  for (const drawing of drawings()) {
    const { boxes, wires } = layoutDrawing(drawing, () => 'x'.repeat(60));
    for (const a of boxes) {
      for (const b of boxes) {
        if (a === b) continue;
        const apart =
          a.area.right < b.area.left ||
          b.area.right < a.area.left ||
          a.area.bottom < b.area.top ||
          b.area.bottom < a.area.top;
        expect(apart, `${a.title} and ${b.title}`).toBe(true);
      }
    }
    for (const { points } of wires) {
      const [x, y] = points.at(-1) ?? [-1, -1];
      expect(boxes.some(({ area }) => area.top === y && area.left < x && x < area.right)).toBe(true);
    }
  }
});

type Change = Readonly<Record<string, unknown>> | ((text: string) => string);

/** Replaces members, or the JSON text, of the outputs of these steps. */
function outputs(others: Readonly<Record<string, Change>>): (event: JournalEvent) => JournalEvent {
  return (event) => {
    const other = event.type === 'step.succeeded' ? others[event.step] : undefined;
    if (event.type !== 'step.succeeded' || other === undefined) return event;
    if (typeof other === 'function') return { ...event, output: JSON.parse(other(JSON.stringify(event.output))) };
    const output = isJsonObject(event.output) ? event.output : {};
    return { ...event, output: JSON.parse(JSON.stringify({ ...output, ...other })) };
  };
}
