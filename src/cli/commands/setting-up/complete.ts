import { Command } from 'commander';
import * as z from 'zod/mini';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import { addCommands, addGlobalOptions } from '../../command-table/groups.ts';
import { type Candidate, complete } from '../../completion/complete.ts';
import { FILES, SHELLS, type Shell } from '../../completion/scripts.ts';
import { completionSource } from '../../completion/source.ts';
import { wordsOfLine } from '../../completion/words-of-line.ts';
import { defineCommand } from '../../define-command.ts';
import { writeLines } from '../../output/terminal.ts';

const options = z.object({ shell: z.enum(SHELLS), words: z.array(z.string()) });

/** `wf __complete SHELL -- WORDS`: prints the completions of the last word, for the completion scripts. */
export const completeWord = defineCommand(options, async ({ shell, words }, services, { out }) => {
  const program = addGlobalOptions(new Command('wf'));
  addCommands(program, () => () => {});
  const completion = await complete(program, typedWords(shell, words), completionSource(services));
  writeLines(out, completion === 'files' ? [FILES] : completion.map((candidate) => lineFor(shell, candidate)));
  return 0;
});

/** Returns the typed words without wf itself. Bash splits words at `=` and `:`, so its script passes the whole line. */
export function typedWords(shell: Shell, words: readonly string[]): readonly string[] {
  return shell === 'bash' ? wordsOfLine(words.join(' ')).slice(1) : words;
}

function lineFor(shell: Shell, { value, description }: Candidate): string {
  switch (shell) {
    case 'bash':
      return value;
    case 'zsh':
      return `${value.replaceAll(':', '\\:')}:${oneLine(description)}`;
    case 'fish':
      return `${value}\t${oneLine(description)}`;
  }
}
