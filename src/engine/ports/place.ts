/** Place where a run was started. Its steps are carried out, undone and verified there, and nowhere else. */
export interface RunPlace {
  readonly bootId: string;
  readonly networkNamespace: {
    readonly inode: number;
    /** `/proc/1/ns/net` for that of the machine's first process, else a path such as `/run/netns/lab`; null without such a name. */
    readonly name: string | null;
  };
  /** The identity of the PID namespace. */
  readonly pidNamespace: string;
  /** The working directory, absolute. */
  readonly folder: string;
  /** The effective user id. */
  readonly user: number;
}

/** Which parts of its place a run depends on; its PID namespace always counts. */
export interface PlaceNeeds {
  /** It observes or changes the network namespace that wf runs in. */
  readonly network: boolean;
  /** It runs commands whose meaning depends on the working directory and the user. */
  readonly folderAndUser: boolean;
}
