import { readFileSync } from 'node:fs';
import { openProject, type Project } from '../command/run-wf.ts';

export const NOTE_WORKFLOW = readFileSync(new URL('../../fixtures/workflows/note.ts', import.meta.url), 'utf8');

/** A project with the workflow `note` in it, which needs neither Docker nor root. */
export function openNoteProject(files: Readonly<Record<string, string>> = {}): Project {
  return openProject({ 'workflows/note.ts': NOTE_WORKFLOW, ...files });
}
