import { z } from 'zod';
import type { JsonObject } from '../model/json.ts';
import type { RuntimeName } from '../ports/runtime.ts';

/** The languages that reports are written in. */
export const REPORT_LANGUAGES = ['en', 'fr'] as const;
export type ReportLanguage = (typeof REPORT_LANGUAGES)[number];

/** What a narrative is written from. */
export interface NarrativeFacts<Input = JsonObject> {
  readonly language: ReportLanguage;
  readonly runtime: RuntimeName;
  readonly input: Input;
  /** What the steps that succeeded have found, by step id. A run may have ended before any of them. */
  readonly outputs: JsonObject;
}

/** Plain text; what stands between two backticks is shown as code. Nothing else in it is markup. */
const prose = z.string();
const paragraphs = z.array(prose).readonly();

/** Whether the run itself added it to what was there: shown with a thicker line. */
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

/** A tried way. Its ends are boxes or ports; it is drawn where both are in the topmost layer, else only told. */
const triedPath = z.object({
  from: z.string(),
  to: z.string(),
  /** `blocked`: nothing came through; `unclear`: some did, some did not. */
  state: z.enum(['open', 'blocked', 'unclear']),
  /** What was seen, in a few words. */
  seen: z.string(),
});

/** A picture of what steps have observed at one moment. */
const drawingSchema = z.object({
  title: z.string(),
  /** What it shows and what to notice; for people who do not see it, too. */
  text: prose,
  /** The stage whose section it ends; null: it is shown after all stages. */
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
  /** What the stage is about, and why it is done so. */
  text: paragraphs,
  /** What to look for in its commands and their output. */
  notice: paragraphs.optional(),
});

/** What a report says besides what the run recorded, in one language. */
export const narrativeSchema = z.object({
  title: z.string(),
  introduction: paragraphs,
  /** By name of the stage. */
  stages: z.record(z.string(), stageNarrative),
  /** What a step does in a few words, by its invoke id. */
  steps: z.record(z.string(), prose).optional(),
  drawings: z.array(drawingSchema).readonly().optional(),
  /** Shown after all stages. */
  tables: z.array(exhibitTable).readonly().optional(),
  /** What a run that succeeded has shown, in the language of the report; without it, what the workflow's `proofs` says. */
  proofs: z
    .array(z.object({ claim: z.string(), figures: z.string() }))
    .readonly()
    .optional(),
});
export type Narrative = z.infer<typeof narrativeSchema>;
