/** A text with code between backticks. */
export function Prose({ text }: { readonly text: string }) {
  const parts = text.split('`');
  // The last one of an odd number of backticks is plain text.
  const whole = parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), parts.slice(-2).join('`')];
  return <>{whole.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>;
}
