import type { RunId } from '../model/ids.ts';

/** A folder of the host by identity. */
export interface FolderIdentity {
  /** Absolute, without links. */
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  /** The boot in which the device had that number. */
  readonly bootId: string;
}

/** The place of a file: a name in a folder. */
export interface FilePath {
  readonly folder: FolderIdentity;
  readonly name: string;
}

/** An object at the place of a file. Numbers beyond the exact range of a number are text. */
export interface FileFound {
  readonly type: 'file' | 'link' | 'folder' | 'other';
  /** Target of a symbolic link; null for everything else. */
  readonly target: string | null;
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Number of hard links. */
  readonly links: number;
  /** Time of the last change of its content, in nanoseconds since the epoch. */
  readonly modifiedNs: string;
  /** Time of the last change of its content, attributes or names; the kernel alone sets it. */
  readonly changedNs: string;
  readonly inode: string;
}

export interface FileAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The source of the content of a file. */
export type FileContent =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'file'; readonly path: FilePath; readonly found: FileFound }
  /** A copy that `keep` made. */
  | { readonly type: 'kept'; readonly file: string };

/** An open folder: commands inherit the descriptor, and `/proc/self/fd/3/NAME` is the file. */
export interface OpenFolder {
  readonly descriptor: number;
  close(): void;
}

/**
 * Files of the host of a run. Each operation opens the folder anew from the root, follows no link, and works relative to the open folder.
 * Each throws a WfError: E_FILE if the folder is gone, is another one, or the system refuses; E_PERMISSION; E_UNTRUSTED if another user
 * can write a folder on the path. An operation that changes something syncs it to the disk, and leaves nothing half done if it throws.
 */
export interface FilesPort {
  /** Folder of wf for the copies that `keep` makes, in one folder for each run. */
  readonly keptFolder: string;
  /** Finds the folder of an absolute path, through links once; its last component stays as it is. */
  locate(path: string): Promise<FilePath>;
  /** Returns the object at a place; null if there is none. */
  inspect(path: FilePath): Promise<FileFound | null>;
  /**
   * Returns the digest of a file, in hexadecimal. Its key lies in `keptFolder`: nobody can test guesses of a short content without it.
   * @throws WfError E_FILE_CHANGED if it is another file than was found, or has changed; E_UNTRUSTED if others can read `keptFolder`
   */
  digest(path: FilePath, found: FileFound): Promise<string>;
  /** Returns the digest that a file with this content has. */
  digestOf(bytes: Uint8Array): Promise<string>;
  /** Returns the content of a file. @throws WfError E_FILE_CHANGED like digest; E_FILE if it is longer than `maxBytes` */
  read(path: FilePath, found: FileFound, maxBytes: number): Promise<Uint8Array>;
  openFolder(folder: FolderIdentity): Promise<OpenFolder>;
  /** Copies a file into the folder of wf (mode 0600). Returns the path and the digest of the copy. An earlier copy is replaced. */
  keep(
    run: RunId,
    name: string,
    path: FilePath,
    found: FileFound,
  ): Promise<{ readonly file: string; readonly digest: string }>;
  /**
   * Writes files (mode 0600) into a new folder of wf for one command of a run. Returns the folder. Not synced: no command outlives the
   * machine. @throws WfError E_UNTRUSTED if others can read it
   */
  writeForCommand(run: RunId, files: Readonly<Record<string, string>>): Promise<string>;
  /** Removes that folder; null removes all folders of the run, which a killed wf has left. */
  removeForCommand(run: RunId, folder: string | null): Promise<void>;
  /** Creates a file where nothing exists. Returns the digest of its content. */
  createFile(path: FilePath, content: FileContent, attributes: FileAttributes): Promise<string>;
  setMode(path: FilePath, mode: number): Promise<void>;
  createLink(path: FilePath, target: string, owner: Omit<FileAttributes, 'mode'>): Promise<void>;
  createFolder(path: FilePath, attributes: FileAttributes): Promise<void>;
  /**
   * Renames `draft` to a name in the same folder. @param expected the object that it replaces; null if there is none
   * @throws WfError E_FILE_CHANGED if something else is there
   */
  place(draft: FilePath, name: string, expected: FileFound | null): Promise<void>;
  /** Removes a file, a link or an empty folder. @throws WfError E_FILE_CHANGED if it is not the one that was found */
  remove(path: FilePath, found: FileFound): Promise<void>;
}
