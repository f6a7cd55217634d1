import type { Narrative, NarrativeFacts, ReportLanguage } from 'wf-engine';
import { addressAt } from 'wf-engine/steps';
import { type Input, namesOf } from './input.ts';
import { addressTable } from './narrative/addresses.ts';
import { drawingsOf } from './narrative/drawings.ts';
import { english } from './narrative/english.ts';
import { french } from './narrative/french.ts';
import { type Observed, observedIn } from './narrative/observed.ts';
import type { LabFacts, LabTexts } from './narrative/texts.ts';
import { proofsOf } from './proofs.ts';

const TEXTS: Readonly<Record<ReportLanguage, (facts: LabFacts) => LabTexts>> = { en: english, fr: french };

/** Returns the narrative of a run of the lab: the purpose of each stage, and the observations of its steps. */
export function narrate({ language, runtime, input, outputs }: NarrativeFacts<Input>): Narrative {
  const observed = observedIn(outputs);
  const facts: LabFacts = {
    ...input,
    ...namesOf(input),
    runtime,
    spliceAddress: spliceAddressOf(observed, input),
    prodPid: observed.createAppProd?.pid ?? null,
  };
  const texts = TEXTS[language](facts);
  return {
    title: texts.title,
    introduction: texts.introduction,
    stages: texts.stages,
    steps: texts.steps,
    drawings: drawingsOf(observed, facts, texts),
    tables: addressTable(observed, facts, texts),
    ...(observed.readCountersAfter === undefined
      ? {}
      : { proofs: proofsOf(observed, facts.spliceAddress, texts.proofs) }),
  };
}

/** Returns the address that the run has added or will add. */
function spliceAddressOf({ addSpliceAddress, createDevNetwork }: Observed, input: Input): string {
  const added = addSpliceAddress?.address.split('/')[0];
  return added ?? input.spliceAddress ?? (createDevNetwork ? addressAt(createDevNetwork.subnet, 100) : '.0.100');
}
