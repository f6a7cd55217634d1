/** Returns the settings that the kernel propagates to this one. */
export function broaderSettings(name: string): readonly string[] {
  const ofLink = /^(net\.ipv[46]\.conf)\.[^.]+\.([^.]+)$/.exec(name);
  if (ofLink === null) return name === 'net.ipv4.ip_forward' ? ['net.ipv4.conf.all.forwarding'] : [];
  const all = `${ofLink[1]}.all.${ofLink[2]}`;
  return all === 'net.ipv4.conf.all.forwarding' ? [all, 'net.ipv4.ip_forward'] : [all];
}
