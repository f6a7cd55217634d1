/** Hint for a probe without the expected answer: with `bridge-nf`, firewall rules apply within one bridge as well. */
export const PATH_HINT =
  'check the routes and firewall rules on the path; if `sysctl net.bridge.bridge-nf-call-iptables` is 1, FORWARD rules also apply between two ports of one bridge';
