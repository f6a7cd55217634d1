/** Errors of a file system that has no hard links. */
export const NO_HARD_LINKS: readonly string[] = ['EPERM', 'EOPNOTSUPP', 'ENOSYS'];
