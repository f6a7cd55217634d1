/** Returns the name of a change, for people: its title, if its step has one, and the altered object. */
export function changeName({
  title,
  target,
}: {
  readonly title?: string | null | undefined;
  readonly target: string;
}): string {
  return title === undefined || title === null ? target : `${title} (${target})`;
}
