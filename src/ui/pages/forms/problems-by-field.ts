/** The problems that an error of a command reports, by field. */
export interface FieldProblems {
  readonly byField: Readonly<Record<string, string>>;
  /** Whether the message is only about these fields. */
  readonly isComplete: boolean;
}

/**
 * Finds the fields that a message of E_INPUT or E_EVENT_INVALID names: `workflow lab: input pings: Too big; input folder is missing`,
 * `approve: ✖ Too short → at by`.
 */
export function problemsByField(message: string, names: readonly string[]): FieldProblems {
  const found = [...inputProblems(message), ...eventProblems(message)].filter(([name]) => names.includes(name));
  const unknown = /(?:^|[:;] )unknown input/.test(message);
  return { byField: Object.fromEntries(found), isComplete: found.length > 0 && !unknown };
}

function inputProblems(message: string): readonly (readonly [name: string, problem: string])[] {
  const starts = [...message.matchAll(/(?:^|[:;] )input ([^\s.:;]+)(\.[^\s:;]+)?(:| is missing)/g)];
  return starts.map(({ 0: head, 1: name = '', 2: below = '', 3: kind, index }, at) => {
    if (kind === ' is missing') return [name, 'Give a value.'];
    const end = starts[at + 1]?.index ?? message.length;
    const problem = message.slice(index + head.length, end).trim();
    return [name, below === '' ? problem : `${below.slice(1)}: ${problem}`];
  });
}

function eventProblems(message: string): readonly (readonly [name: string, problem: string])[] {
  return message
    .split('✖ ')
    .slice(1)
    .flatMap((part) => {
      const [, problem = '', name = ''] = /^(.*?)\s*→ at ([^\s.[]+)/.exec(part) ?? [];
      return name === '' ? [] : [[name, problem] as const];
    });
}
