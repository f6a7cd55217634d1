/** Whether it is an id as engines make them for containers and local networks: 64 hex digits, which no name of ours has. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
