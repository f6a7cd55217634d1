/** Where to look when a probe gets no answer that should: with `bridge-nf`, the firewall rules within one bridge as well. */
export const ON_THE_WAY =
  'at the routes and firewall rules on the way: where `sysctl net.bridge.bridge-nf-call-iptables` is 1, those of FORWARD also rule between two ports of one bridge';
