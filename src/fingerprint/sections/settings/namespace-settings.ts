import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { commandLine } from '../../../engine/model/evidence.ts';
import type { Argv, CommandPort } from '../../../engine/ports/command.ts';
import { READ_LIMITS } from '../../../host/ip/run-ip.ts';
import { readSection, unreadableSection } from '../../differences/shape.ts';
import type { ReadSettings } from './host-settings.ts';
import { BRIDGE, GLOBAL, hasIpv6, LEGACY_TABLES, PER_LINK, SETTINGS, settingSubject } from './network-settings.ts';

/** Folders and files to read, if this kernel has them: they are the same in each network namespace. */
const PLACES = [...GLOBAL, ...Object.keys(PER_LINK), BRIDGE].map((path) => `${SETTINGS}/${path}`);
const NAMES = [...GLOBAL.map(lastPart), ...Object.values(PER_LINK).flat(), 'bridge-*'];
/** A link was removed while its settings were read. */
const GONE = /: No such file or directory$/;

/**
 * Returns a reader of the settings of the network namespace in which the command port runs commands. It omits the named namespaces, which
 * all hosts of a machine share.
 */
export function settingsThrough(command: CommandPort): ReadSettings {
  return async () => {
    const places = [...PLACES, ...Object.values(LEGACY_TABLES)].filter((path) => existsSync(path));
    const include = [...NAMES, ...Object.values(LEGACY_TABLES).map(lastPart)].map((name) => `--include=${name}`);
    const argv: Argv = ['grep', '--recursive', ...include, '', ...places];
    const { end, stdout, stderr, truncated } = await command.run(argv, READ_LIMITS);
    const complaint = stderr.split('\n').find((line) => line !== '' && !GONE.test(line));
    const isRead = end.type === 'exited' && stdout !== '' && complaint === undefined && !truncated;
    const found = stdout.split('\n').flatMap((line) => {
      const [, path, value] = /^([^:]+):(.*)$/.exec(line) ?? [];
      return path === undefined || value === undefined ? [] : [{ path, value }];
    });
    const settings = found.filter(({ path }) => path.startsWith(`${SETTINGS}/`));
    const why = `\`${commandLine(argv)}\`: ${complaint ?? 'it was ended, or its output is too long'}`;
    return {
      sysctls: isRead
        ? readSection(settings.map(({ path, value }) => settingSubject(relative(SETTINGS, path), value)))
        : unreadableSection(why),
      namespaces: readSection([]),
      hasIpv6: hasIpv6(),
      legacyTables: {
        ipv4: isRead ? tablesIn(found, LEGACY_TABLES.ipv4) : why,
        ipv6: isRead ? tablesIn(found, LEGACY_TABLES.ipv6) : why,
      },
    };
  };
}

function tablesIn(found: readonly { readonly path: string }[], file: string): 'some' | 'none' {
  return found.some(({ path }) => path === file) ? 'some' : 'none';
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
