import { z } from 'zod';
import type { JsonObject } from '../model/json.ts';
import type { RuntimeName } from '../ports/runtime.ts';

/** The languages of reports. */
export const REPORT_LANGUAGES = ['en', 'fr'] as const;
export type ReportLanguage = (typeof REPORT_LANGUAGES)[number];

/** The facts about a run for its narrative. */
export interface NarrativeFacts<Input = JsonObject> {
  readonly language: ReportLanguage;
  readonly runtime: RuntimeName;
  readonly input: Input;
  /** Outputs of the steps that have succeeded, by step id: a run may have ended before any of them. */
  readonly outputs: JsonObject;
}

/** Plain text with code between backticks; nothing else in it is markup. */
const prose = z.string();
const paragraphs = z.array(prose).readonly();

/** `added`: by the run itself, shown with a thicker line; `given`: there before. */
const origin = z.enum(['given', 'added']);

const drawnPort = z.object({
  id: z.string(),
  title: z.string(),
  lines: z.array(z.string()).readonly(),
  origin,
});

const drawnBox = drawnPort.extend({ ports: z.array(drawnPort).readonly() });

/** Boxes side by side. Neighbouring layers of the same group are framed together. */
const drawnLayer = z.object({ group: z.string().nullable(), boxes: z.array(drawnBox).readonly() });

/** A tested path between boxes or ports. It is drawn if both ends are in the topmost layer, else only listed. */
const triedPath = z.object({
  from: z.string(),
  to: z.string(),
  /** `blocked`: no packet came through; `unclear`: some did. */
  state: z.enum(['open', 'blocked', 'unclear']),
  /** The observation in a few words. */
  seen: z.string(),
});

/** A picture of the state that steps observed at one moment. */
const drawingSchema = z.object({
  title: z.string(),
  /** The content and what to notice, also for people who cannot see it. */
  text: prose,
  /** The stage whose section ends with it; null shows it after all stages. */
  stage: z.string().nullable(),
  /** From top to bottom. */
  layers: z.array(drawnLayer).readonly(),
  /** From a box or port to one of a lower layer. */
  wires: z.array(z.object({ from: z.string(), to: z.string(), origin })).readonly(),
  paths: z.array(triedPath).readonly(),
});
export type Drawing = z.infer<typeof drawingSchema>;

const exhibitTable = z.object({
  title: z.string(),
  columns: z.array(z.string()).readonly(),
  rows: z.array(z.array(prose).readonly()).readonly(),
});

const stageNarrative = z.object({
  title: z.string(),
  /** The subject of the stage, and the reasons. */
  text: paragraphs,
  /** Things to look for in its commands and their output. */
  notice: paragraphs.optional(),
});

/** The explanations that a report adds to the record of a run, in one language. */
export const narrativeSchema = z.object({
  title: z.string(),
  introduction: paragraphs,
  /** By stage name. */
  stages: z.record(z.string(), stageNarrative),
  /** Summaries of steps in a few words, by invoke id. */
  steps: z.record(z.string(), prose).optional(),
  drawings: z.array(drawingSchema).readonly().optional(),
  /** Shown after all stages. */
  tables: z.array(exhibitTable).readonly().optional(),
  /** The proofs of a run that succeeded, in the language of the report; the workflow's `proofs` if absent. */
  proofs: z
    .array(z.object({ claim: z.string(), figures: z.string() }))
    .readonly()
    .optional(),
});
export type Narrative = z.infer<typeof narrativeSchema>;
