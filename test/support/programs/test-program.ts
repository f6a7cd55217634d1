import path from 'node:path';

/**
 * Returns the bundled program of a fixture (see build-programs.ts).
 * @param fixture its path below test/fixtures, without the extension
 */
export function testProgram(fixture: string): string {
  const programs = process.env['WF_TEST_PROGRAMS'];
  if (programs === undefined) throw new Error('the project of this test lacks the global setup build-programs.ts');
  return path.join(programs, `${fixture}.mjs`);
}
