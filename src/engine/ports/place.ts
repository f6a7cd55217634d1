/** The place where a run was started. Its steps are carried out, undone and verified only there. */
export interface RunPlace {
  readonly bootId: string;
  readonly networkNamespace: {
    readonly inode: number;
    /** `/proc/1/ns/net` for that of the machine's first process, else a path such as `/run/netns/lab`; null if it has no name. */
    readonly name: string | null;
  };
  /** The identity of the PID namespace. */
  readonly pidNamespace: string;
  /** The working directory, absolute. */
  readonly folder: string;
  /** The effective user id. */
  readonly user: number;
}

/** The parts of its place on which a run depends, beside its PID namespace. */
export interface PlaceNeeds {
  /** Whether it observes or changes the network namespace of wf. */
  readonly network: boolean;
  /** Whether it runs commands whose effect depends on the working directory and the user. */
  readonly folderAndUser: boolean;
}
