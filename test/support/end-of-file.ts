import { afterAll } from 'vitest';
import { endFile } from './host/file-folder.ts';

// Vitest runs this before each test file: the hook is the file's.
afterAll(endFile);
