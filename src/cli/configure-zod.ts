import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// No JIT: a command uses each schema only a few times, and compiling takes longer. zod/mini has no error texts by default.
z.config({ jitless: true, ...en() });
