import type { Setting } from './unit-text.ts';

/** Owner of a unit: the system, or one user. */
export type Scope = 'system' | 'user';

/**
 * Returns the restrictions of a service that changes the host: those that break no step. It excludes all that give the service its own
 * mount namespace (ProtectSystem, ProtectHome, PrivateTmp, ProtectKernelTunables, ...): named network namespaces, mounts and sysctls of a
 * step must be those of the host. MemoryDenyWriteExecute would stop V8, and ProtectClock would remove /dev/net/tun. A user service has no
 * restrictions: they imply NoNewPrivileges, with which ping, sudo and newuidmap would lose their rights.
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
