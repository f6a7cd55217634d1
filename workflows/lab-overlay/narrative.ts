import type { Narrative, NarrativeFacts, ReportLanguage } from 'wf-engine';
import { type Host, handmadeAddress, hasCable, type Input, isOnDocker, namesOf, underlayAddress } from './input.ts';
import { dockerDrawingsOf } from './narrative/docker-drawings.ts';
import { drawingsOf } from './narrative/drawings.ts';
import { english } from './narrative/english.ts';
import { french } from './narrative/french.ts';
import { type Observed, observedIn } from './narrative/observed.ts';
import { tablesOf } from './narrative/tables.ts';
import type { LabFacts, LabTexts } from './narrative/texts.ts';
import { proofsOf } from './proofs.ts';

const TEXTS: Readonly<Record<ReportLanguage, (facts: LabFacts) => LabTexts>> = { en: english, fr: french };

/** Returns the narrative of a run of the lab: the purpose of each stage, and the observations of its steps. */
export function narrate({ language, input, outputs }: NarrativeFacts<Input>): Narrative {
  const observed = observedIn(outputs);
  const onDocker = isOnDocker(input);
  const overlay = (host: Host) =>
    onDocker ? (observed[`${host}OverlayContainer`]?.ipv4 ?? '-') : handmadeAddress(input, host);
  const facts: LabFacts = {
    ...input,
    ...namesOf(input),
    underlay: { alpha: underlayAddress(input, 'alpha'), beta: underlayAddress(input, 'beta') },
    overlay: { alpha: overlay('alpha'), beta: overlay('beta') },
    isOnDocker: onDocker,
    hasCable: hasCable(input),
  };
  const texts = TEXTS[language](facts);
  return {
    title: texts.title,
    introduction: texts.introduction,
    stages: texts.stages,
    steps: texts.steps,
    drawings: onDocker ? dockerDrawingsOf(observed, facts, texts) : drawingsOf(observed, facts, texts),
    tables: tablesOf(observed, facts, texts),
    ...(isProven(observed, onDocker) ? { proofs: proofsOf(observed, input, texts.proofs) } : {}),
  };
}

/** Whether the run has completed the last step that the proofs need. */
function isProven({ pingTakenBack, alphaIpsec, betaIpsec, readDecrypted }: Observed, onDocker: boolean): boolean {
  if (!onDocker) return pingTakenBack !== undefined;
  const canEncrypt = alphaIpsec?.esp === true && betaIpsec?.esp === true;
  return betaIpsec !== undefined && alphaIpsec !== undefined && (!canEncrypt || readDecrypted !== undefined);
}
