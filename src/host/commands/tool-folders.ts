/** Returns the folders to search for programs: PATH, then the sbin folders, which an ordinary user's PATH often lacks. */
export function toolFolders(): readonly string[] {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  return [...new Set([...path, '/usr/sbin', '/sbin'])];
}
