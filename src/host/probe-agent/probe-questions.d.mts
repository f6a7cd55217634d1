import type { JsonObject } from '../../engine/model/json.ts';

/** How often it was asked, how long the last time took, and what came of that. */
export interface QuestionReport {
  readonly attempts: number;
  readonly waitedMs: number;
  readonly outcome: JsonObject;
}

/**
 * Asks one question of the network namespace that this process is in: see probe-questions.mjs.
 * @param startedAt as performance.now() tells it: the budget counts from there
 * @param nameServer asked for names in URLs and of `to`; without it, as the machine resolves names
 */
export function askQuestion(request: JsonObject, startedAt: number, nameServer?: string): Promise<QuestionReport>;
