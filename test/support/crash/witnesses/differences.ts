const LINES_AT_MOST = 30;

/** The readable difference of two values: the lines of their JSON that only one of them has. */
export function differences(before: unknown, after: unknown): string {
  const lines = (value: unknown) => JSON.stringify(value, null, 1).split(/,?\n/);
  const [were, are] = [lines(before), lines(after)];
  return [
    ...were.filter((line) => !are.includes(line)).map((line) => `- ${line.trim()}`),
    ...are.filter((line) => !were.includes(line)).map((line) => `+ ${line.trim()}`),
  ]
    .slice(0, LINES_AT_MOST)
    .join('\n');
}
