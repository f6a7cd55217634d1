import { WfError } from '../../engine/model/errors.ts';
import type { Requirement } from '../../engine/workflow/requirement.ts';
import { READ_LIMITS } from '../../host/ip/run-ip.ts';
import { fileOfSetting, settingNameSchema } from './setting-name.ts';

/** Requires that the kernel has a setting on the host, and claims it for the run: no other run may change it meanwhile. */
export function sysctlExists(text: string): Requirement {
  const name = settingNameSchema.parse(text);
  return {
    title: `kernel setting ${name}`,
    purpose: 'changing the setting',
    claim: `sysctl ${name}`,
    async check({ command }) {
      const { end } = await command.run(['test', '-e', fileOfSetting(name)], READ_LIMITS);
      if (end.type === 'exited' && end.exitCode === 0) return { met: true, found: name };
      const hint = 'List the settings with `sysctl -a`. Some exist only while a module of the kernel is loaded.';
      return { met: false, error: new WfError('E_INPUT', `the kernel has no setting ${name}`, { hint }) };
    },
  };
}
