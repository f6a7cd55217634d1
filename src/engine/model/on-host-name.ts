/** Returns the name of an object for people, with that of its host: `alpha: network devops`. @param host undefined for the run's own */
export function onHostName(host: string | undefined, object: string): string {
  return host === undefined ? object : `${host}: ${object}`;
}
