import type { Narrative, NarrativeFacts, ReportLanguage } from 'wf-engine';
import { type Input, namesOf, overlayAddress, underlayAddress } from './input.ts';
import { drawingsOf } from './narrative/drawings.ts';
import { english } from './narrative/english.ts';
import { french } from './narrative/french.ts';
import { observedIn } from './narrative/observed.ts';
import { tablesOf } from './narrative/tables.ts';
import type { LabTexts, Told } from './narrative/texts.ts';
import { proofsOf } from './proofs.ts';

const TEXTS: Readonly<Record<ReportLanguage, (told: Told) => LabTexts>> = { en: english, fr: french };

/** The report of a run of the lab: the purpose of each stage, and the observations of its steps. */
export function narrate({ language, input, outputs }: NarrativeFacts<Input>): Narrative {
  const observed = observedIn(outputs);
  const told: Told = {
    ...input,
    ...namesOf(input),
    underlay: { alpha: underlayAddress(input, 'alpha'), beta: underlayAddress(input, 'beta') },
    overlay: { alpha: overlayAddress(input, 'alpha'), beta: overlayAddress(input, 'beta') },
  };
  const texts = TEXTS[language](told);
  return {
    title: texts.title,
    introduction: texts.introduction,
    stages: texts.stages,
    steps: texts.steps,
    drawings: drawingsOf(observed, told, texts),
    tables: tablesOf(observed, told, texts),
    // The last of the steps that the proofs tell about.
    ...(observed.pingTakenBack === undefined ? {} : { proofs: proofsOf(observed, texts.proofs) }),
  };
}
