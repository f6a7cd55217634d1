import { expect, test } from 'vitest';
import type { ReportLanguage } from '../../../../src/engine/workflow/narrative.ts';
import { inputSchema } from '../../../../workflows/lab-network/input.ts';
import { narrate } from '../../../../workflows/lab-network/narrative.ts';

const LANGUAGES = ['en', 'fr'] as const;

function narrativeText(language: ReportLanguage, runtime: 'docker' | 'embedded'): string {
  const outputs = {
    createAppProd: { name: 'AppProd', pid: 4711, ipv4: '172.19.0.2', prefixLength: 16, mac: '02:42:ac:13:00:02' },
  };
  return JSON.stringify(narrate({ language, runtime, input: inputSchema.parse({}), outputs }));
}

test.each(LANGUAGES)('a report of the embedded runtime names the policy rule, and no firewall (%s)', (language) => {
  expect(narrativeText(language, 'embedded')).toContain('iif br-... blackhole');
  expect(narrativeText(language, 'embedded')).not.toMatch(
    /Docker isolates|Docker isole|Docker's rules|règles de Docker/,
  );
  expect(narrativeText(language, 'docker')).toMatch(
    /Proof that Docker isolates the networks|La preuve que Docker isole les réseaux/,
  );
  expect(narrativeText(language, 'docker')).not.toContain('blackhole');
});

test.each(LANGUAGES)('a report contains the commands of the exercise and its trap (%s)', (language) => {
  for (const runtime of ['docker', 'embedded'] as const) {
    const text = narrativeText(language, runtime);
    for (const command of ['brctl show', 'bridge link', '--net container:AppDev', 'ps aux', 'nsenter -t 4711 -n -u']) {
      expect(text).toContain(command);
    }
    expect(text).toContain('`--net prod`');
    expect(text).toContain('docker network inspect prod');
  }
});
