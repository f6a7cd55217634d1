/** A moment in UTC. */
export function Moment({ at }: { readonly at: string | null }) {
  if (at === null) return <>-</>;
  return <time dateTime={at}>{`${at.slice(0, 10)} ${at.slice(11, 19)} UTC`}</time>;
}
