import { afterAll } from 'vitest';
import { endFile } from './file-folder.ts';

// Vitest runs this before each test file: the hook is the file's.
afterAll(endFile);
