import { expect, test } from 'vitest';
import { modelMachine } from '../../../../src/engine/machine/machine-model.ts';
import type { Block, ReportDocument, Section } from '../../../../src/review/report/document.ts';
import { htmlOf } from '../../../../src/review/report/html.ts';
import { reportWords } from '../../../../src/review/report/words.ts';
import { english } from '../../../../workflows/lab-network/narrative/english.ts';
import { french } from '../../../../workflows/lab-network/narrative/french.ts';
import lab from '../../../../workflows/lab-network.ts';
import { inputSchema, namesOf } from '../../../../workflows/lab-overlay/input.ts';
import { english as overlayInEnglish } from '../../../../workflows/lab-overlay/narrative/english.ts';
import { french as overlayInFrench } from '../../../../workflows/lab-overlay/narrative/french.ts';
import overlay from '../../../../workflows/lab-overlay.ts';
import { RECORDED, recordedReport } from '../../../fixtures/review/recorded-lab-run.ts';
import { elementsIn, readPage } from '../../../support/page/html-tree.ts';

const FACTS = {
  devNetwork: 'devops',
  prodNetwork: 'prod',
  devContainer: 'AppDev',
  prodContainer: 'AppProd',
  probeContainer: 'AppDev-probe',
  hostLink: 'int_hote',
  containerLink: 'int_conteneur',
  containerDevice: 'eth1',
  spliceAddress: '172.18.0.100',
  runtime: 'docker',
  prodPid: 4711,
} as const;

test('a report has the same sections and blocks in both languages, and the same commands', () => {
  expect(shapeOf(recordedReport('fr'))).toEqual(shapeOf(recordedReport('en')));
  const names = (language: 'en' | 'fr') =>
    elementsIn(readPage(htmlOf(recordedReport(language)))).map(({ name }) => name);
  const withoutLanguageParts = names('fr').filter((name) => name !== 'span');
  expect(withoutLanguageParts).toEqual(names('en').filter((name) => name !== 'span'));
});

test.each([
  ['secondary', 'docker'],
  ['replace', 'docker'],
  ['none', 'docker'],
  ['secondary', 'embedded'],
] as const)(
  'the narratives of the lab have the same paragraphs and code in both languages (route: %s, runtime: %s)',
  (defaultRoute, runtime) => {
    const facts = { ...FACTS, defaultRoute, runtime };
    const [en, fr] = [english(facts), french(facts)];
    expect(textShape(fr)).toEqual(textShape(en));
    expect(Object.keys(fr.stages)).toEqual([...RECORDED.stages]);
  },
);

test.each([
  [false, true],
  [true, true],
  [true, false],
])(
  'the narratives of the overlay lab have the same paragraphs and code in both languages, for each stage and step (Docker: %s, cable: %s)',
  (isOnDocker, hasCable) => {
    const input = inputSchema.parse({});
    const facts = {
      ...input,
      ...namesOf(input),
      ...{ isOnDocker, hasCable },
      underlay: { alpha: '10.91.0.1', beta: '10.91.0.2' },
      overlay: { alpha: '10.42.0.1', beta: '10.42.0.2' },
    };
    const [en, fr] = [overlayInEnglish(facts), overlayInFrench(facts)];
    expect(textShape(fr)).toEqual(textShape(en));
    const { invocations, stages } = modelMachine('lab-overlay', overlay.machine);
    for (const { steps, stages: texts } of [en, fr]) {
      expect(Object.keys(steps ?? {}).toSorted()).toEqual([...invocations.keys()].toSorted());
      expect(Object.keys(texts)).toEqual([...stages]);
    }
  },
);

test('every step of the lab has a text in both languages', () => {
  const steps = [...modelMachine('lab-network', lab.machine).invocations.keys()];
  expect(steps.length).toBeGreaterThan(40);
  for (const texts of [english, french]) {
    const stepTexts = texts({ ...FACTS, defaultRoute: 'secondary' }).steps ?? {};
    expect(Object.keys(stepTexts).toSorted()).toEqual(steps.toSorted());
  }
});

test('every fixed word is translated into French, except those that both languages share', () => {
  const same = leaves(reportWords('fr')).filter(([path, word]) =>
    leaves(reportWords('en')).some(([other, english]) => other === path && english === word),
  );
  expect(same.map(([path]) => path)).toEqual([
    'facts.workflow',
    'facts.plan',
    'introduction',
    'exhibits',
    'paths.seen',
    'owner.docker',
  ]);
});

/** Kinds of blocks by section, with the number of their parts; commands whole. */
function shapeOf({ blocks, sections }: ReportDocument) {
  const section = ({ blocks: own, sections: inner }: Section): unknown => [own.map(block), inner.map(section)];
  const block = (one: Block): unknown => {
    switch (one.type) {
      case 'paragraph':
        return one.type;
      case 'list':
        return [one.type, one.items.length];
      case 'alert':
        return [one.type, one.lines.length];
      case 'table':
        return [one.type, one.columns.length, one.rows.length];
      case 'command':
        return [one.command, one.output];
      case 'drawing':
        return [
          one.drawing.layers.map(({ boxes }) => boxes.length),
          one.drawing.wires.length,
          one.drawing.paths.length,
        ];
    }
  };
  return [blocks.map(block), sections.map(section)];
}

/** Replaces each text by the code in it, sorted, as languages order words differently. */
function textShape(value: unknown): unknown {
  if (typeof value === 'string')
    return [...value.matchAll(/`([^`]*)`/g)]
      .map(([, code]) => code)
      .toSorted()
      .map((code) => (code === 'ip route add default via PASSERELLE' ? 'ip route add default via GATEWAY' : code));
  if (Array.isArray(value)) return value.map(textShape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, textShape(member)]));
}

function leaves(value: object, path: readonly string[] = []): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([key, member]): readonly (readonly [string, string])[] => {
    if (typeof member === 'string') return /[a-z]/.test(member) ? [[[...path, key].join('.'), member]] : [];
    return typeof member === 'object' && member !== null ? leaves(member, [...path, key]) : [];
  });
}
