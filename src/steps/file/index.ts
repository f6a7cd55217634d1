export { copyFile } from './copy-file.ts';
export { createFolder } from './create-folder.ts';
export { createSymlink } from './create-symlink.ts';
export { editLine } from './edit-line.ts';
export { removeFile } from './remove-file.ts';
export { writeFile } from './write-file.ts';
