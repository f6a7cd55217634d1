export { commandProbe } from './command.ts';
export { dnsProbe } from './dns.ts';
export { httpProbe } from './http.ts';
export { insideContainer, insideNamespaceOf, type ProbeOrigin, probeOrigin } from './origin.ts';
export { pingProbe } from './ping.ts';
export { reachabilityProbe } from './reachability.ts';
export { tcpProbe } from './tcp.ts';
export { tlsProbe } from './tls.ts';
