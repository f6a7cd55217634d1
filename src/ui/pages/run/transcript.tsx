import { durationText } from '../../../review/text/format/duration.ts';
import type { ShownCommand, StepView } from '../../views/step-view.ts';

interface TranscriptProps extends Pick<StepView, 'commands' | 'omittedCommands'> {
  /** Address of the whole transcript. */
  readonly whole: string;
}

/** The commands of a step, as a person would have typed and seen them. */
export function Transcript({ commands, omittedCommands, whole }: TranscriptProps) {
  if (commands.length === 0) return <p class="quiet">This step has recorded no commands.</p>;
  const isCut = omittedCommands > 0 || commands.some(({ output }) => output.omitted > 0);
  return (
    <div class="transcript">
      <p class="quiet">
        {omittedCommands === 0 ? '' : `The last ${commands.length} of ${omittedCommands + commands.length} commands. `}
        {isCut ? 'Long outputs are cut. ' : ''}
        <a href={whole}>Whole transcript</a>
      </p>
      <ol start={omittedCommands + 1}>
        {commands.map((command, index) => (
          <li key={omittedCommands + index}>
            <CommandOutput command={command} isNewAttempt={command.attempt !== (commands[index - 1]?.attempt ?? 1)} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function CommandOutput({ command, isNewAttempt }: { readonly command: ShownCommand; readonly isNewAttempt: boolean }) {
  const { attempt, output, exitCode, durationMs } = command;
  const end = exitCode === null ? 'ended by its deadline' : `exit ${exitCode}`;
  return (
    <>
      {isNewAttempt ? <p class="attempt">{attempt === 0 ? 'Rollback' : `Attempt ${attempt}`}</p> : null}
      <pre translate={false}>
        <code>
          <span class="prompt" aria-hidden="true">
            ${' '}
          </span>
          {command.command}
        </code>
        {output.text === '' ? null : <samp>{`\n${output.text}`}</samp>}
        {output.omitted === 0 ? null : <span class="quiet">{`\n[${output.omitted} more characters]`}</span>}
      </pre>
      <p class={exitCode === 0 ? 'ending quiet' : 'ending bad'}>{`${end}, ${durationText(durationMs)}`}</p>
    </>
  );
}
