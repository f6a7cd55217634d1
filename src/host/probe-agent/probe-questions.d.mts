import type { JsonObject } from '../../engine/model/json.ts';

/** Number of attempts, duration of the last one, and its outcome. */
export interface QuestionReport {
  readonly attempts: number;
  readonly waitedMs: number;
  readonly outcome: JsonObject;
}

/**
 * Makes one probe of the network namespace that this process is in, see probe-questions.mjs.
 * @param startedAt a time of performance.now(), from which the budget counts
 * @param nameServer resolves the names in URLs and `to`; by default the machine resolves them
 */
export function askQuestion(request: JsonObject, startedAt: number, nameServer?: string): Promise<QuestionReport>;
