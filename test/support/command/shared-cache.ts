import path from 'node:path';

/** Returns the setting by which all tests that act as this user share a cache of compiled and translated code; none outside the lanes. */
export function sharedCache(user: 'self' | 'ordinary user' = 'self'): Readonly<Record<string, string>> {
  const caches = process.env['WF_TEST_CACHES'];
  return caches === undefined ? {} : { XDG_CACHE_HOME: path.join(caches, user) };
}
