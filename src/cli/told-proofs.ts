import { asWfError } from '../engine/errors.ts';
import type { Json } from '../engine/json.ts';
import type { LoadedWorkflow } from '../engine/workflow.ts';
import type { ProofsTold } from '../review/text/proof-text.ts';

type ProofTeller = Pick<LoadedWorkflow, 'proofs'>;

/**
 * What a run that succeeded has shown. `workflow` answers undefined where the definition has changed since; that, and a
 * workflow file that fails, make the proofs untold but are no reason to show nothing of the run.
 */
export async function toldProofs(workflow: () => Promise<ProofTeller | undefined>, output: Json): Promise<ProofsTold> {
  try {
    const teller = await workflow();
    if (teller === undefined) return { type: 'untold', reason: 'the workflow has changed since this run' };
    return { type: 'told', proofs: teller.proofs(output) };
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    return { type: 'untold', reason: `${code}: ${message}` };
  }
}
