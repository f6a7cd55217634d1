const NAME_OPTION = 'com.docker.network.bridge.name';

/** The bridge of a Docker network: the name its options give (as `docker0`), else `br-` and the first 12 digits of its id. */
export function bridgeNameOf(networkId: string, options: Readonly<Record<string, string>> = {}): string {
  return options[NAME_OPTION] ?? `br-${networkId.slice(0, 12)}`;
}
