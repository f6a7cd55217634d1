import type { Setting } from './unit-text.ts';

/** A unit of the system, or of one user. */
export type Scope = 'system' | 'user';

/**
 * Returns the restrictions of a service that changes the host: those that hinder no step. Everything that gives the service a mount
 * namespace of its own (ProtectSystem, ProtectHome, PrivateTmp, ProtectKernelTunables, ...) is out: named network namespaces, mounts and
 * sysctls of a step must be those of the host. MemoryDenyWriteExecute would stop V8, and ProtectClock would hide /dev/net/tun. A user's
 * service has none: they imply NoNewPrivileges, and with it ping, sudo and newuidmap would lose their rights.
 */
export function hardening(scope: Scope): readonly Setting[] {
  if (scope === 'user') return [];
  return [
    [
      'CapabilityBoundingSet',
      '~CAP_BLOCK_SUSPEND CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYS_BOOT CAP_SYS_PACCT CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_WAKE_ALARM',
    ],
    ['SystemCallArchitectures', 'native'],
    ['SystemCallFilter', '~@clock @cpu-emulation @obsolete @raw-io'],
    ['SystemCallErrorNumber', 'EPERM'],
    ['LockPersonality', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['KeyringMode', 'private'],
  ];
}
